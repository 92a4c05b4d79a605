"""The bot token's scopes, each with what it is for; manifest.yml asks for exactly these."""

SCOPES = {
    "app_mentions:read": "answers a mention with help",
    "channels:join": "joins a public channel where the command is used",
    "channels:read": "knows whether it is in a public channel, and who shares it",
    "chat:write": "posts plans, progress and reports",
    "commands": "/assign-reviews",
    "files:write": "attaches the list of assigned rows",
    "groups:read": "knows whether it is in a private channel, and who shares it",
    "im:history": "answers a direct message with help",
    "im:write": "tells reviewers about their rows, and others what a channel does not take",
    "usergroups:read": "user groups in APPROVERS and among the reviewers",
    "users:read": "keeps guests and external people from asking and approving, and knows who is away",
    "users:read.email": "finds in Braintrust whom somebody named in Slack",
}
