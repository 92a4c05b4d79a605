"""All methods by name."""

from sandbox.slack.methods import chat, conversations, files, surfaces, users

METHODS = {
    method.name: method
    for method in (*chat.METHODS, *conversations.METHODS, *files.METHODS, *users.METHODS, *surfaces.METHODS)
}
