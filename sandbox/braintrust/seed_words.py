"""Words of the sample rows: questions to a support chatbot, and its answers."""

QUESTIONS = (
    "Where is my order {number}? It was due on {day}.",
    "I was charged twice for invoice {number}. Can you refund one?",
    "How do I change the e-mail address of my account?",
    "The app closes when I open the report for {day}.",
    "Can I move my subscription from monthly to yearly?",
    "My discount code {number} is refused at checkout.",
    "I need a copy of the invoice for {day}.",
    "How many seats does our plan include?",
    "The export of {number} rows stops half way.",
    "Please delete my account and everything you know about me.",
    "Does the free plan include the API?",
    "I can't log in since {day}, the code never arrives.",
    "Is there a way to invite a colleague as a viewer only?",
    "Your answer yesterday was wrong, ticket {number} is still open.",
    "What happens to my data when I cancel?",
    "Do you ship to <Reykjavík> & the islands?",
)
ANSWERS = (
    "I have found it: the parcel left our warehouse on {day} and should arrive within two working days.",
    "I am sorry about that. I have asked our billing team to look at case {number}; you hear from them by {day}.",
    "You can do that under Settings > Account. A confirmation goes to the old address first.",
    "Thank you for telling us. Could you try again after updating to version 4.2?",
    "Yes. Open Billing, choose Change plan, and the difference is credited.",
    "I could not find anything about this in our help centre. Shall I open a ticket for you?",
    "That code was valid until {day}. I can offer you 10 % on your next order instead.",
    "As an assistant I cannot do this for you, but here is a link to the form.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
MODELS = ("gpt-4.1-mini", "gpt-4.1", "claude-sonnet-4-5", "gemini-2.5-flash")
INTENTS = ("billing", "shipping", "account", "bug", "how-to", "cancellation")
PEOPLE = (
    ("Ada", "Okafor", "ada.okafor@example.com"),
    ("Benjamín", "Ruiz", "Benjamin.Ruiz@example.com"),
    ("Chiara", "Conti", "chiara@example.com"),
    ("Dmitri", "Volkov", "D.Volkov@Example.com"),
    ("Emeka", "Eze", "emeka.eze@example.com"),
    ("Farah", "Haddad", "farah.haddad@example.com"),
    ("Grace", "O'Neill", "grace.oneill@example.com"),
    ("Hiro", "Tanaka", "HIRO.TANAKA@example.com"),
)
