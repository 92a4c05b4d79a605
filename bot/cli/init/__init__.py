"""The command `init`: makes a `.env` by questions, each answer tried at once."""
