"""What the status of an entry means, in the words in which it is shown everywhere."""

STATUS = {
    "provisional": "provisional: not read by a second reader",
    "reviewed": "reviewed: a second reader read every number independently",
    "disputed": "disputed: a second reader reads some numbers differently, see the notes",
    "retired": "retired: kept for the record, not maintained",
}
