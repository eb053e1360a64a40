"""One room per kind of observable, one module per family; each public function measures one thing in a `View`."""
