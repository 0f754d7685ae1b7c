-- Deletes everybody on the list, a hundred in a call.
target "meeting":delete(input.csv "leavers",
  { id = "meeting_account", chunk = 100, straight = true })
