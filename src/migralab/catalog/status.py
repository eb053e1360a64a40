"""What the status of an entry means, in the words in which it is shown everywhere."""

STATUS = {
    "provisional": "provisional: not read by a second reader",
    "reviewed": "reviewed: read twice, independently, by programs from notes on the papers; no person has checked it",
    "disputed": "disputed: a second reader reads some numbers differently, see the notes",
    "retired": "retired: kept for the record, not maintained",
}
