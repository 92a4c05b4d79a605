"""All methods by name."""

from sandbox.slack.methods import chat, conversations, files, people, surfaces

METHODS = {
    method.name: method
    for method in (*chat.METHODS, *conversations.METHODS, *files.METHODS, *people.METHODS, *surfaces.METHODS)
}
