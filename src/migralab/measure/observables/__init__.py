"""One module per family of observables; each public function measures one thing in a `View`."""
