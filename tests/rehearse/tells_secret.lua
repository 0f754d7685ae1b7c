-- Planted: a credential in a note.
note "the key is demoAliyunSecret00000000000001"
target("meeting"):disable(input.csv "leavers", { id = "meeting_account" })
