"""The bot token's scopes, each with what it is for; manifest.yml asks for exactly these."""

SCOPES = {
    "app_mentions:read": "answers a mention with help",
    "channels:join": "joins a public channel where the command is used",
    "channels:read": "knows whether it is in a public channel",
    "chat:write": "posts plans, progress and reports",
    "commands": "/assign-reviews",
    "files:write": "attaches the list of assigned rows",
    "groups:read": "knows whether it is in a private channel",
    "im:history": "answers a direct message with help",
    "im:write": "reaches a person directly when a channel does not take a message",
    "usergroups:read": "user groups in APPROVERS",
    "users:read": "keeps guests and external people from approving",
}
