"""The metrics for Prometheus, counted where things happen.  No label names a person, tag, plan or token.

<https://prometheus.io/docs/practices/naming/>
"""

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Counter, Histogram, Info

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

PLANS = Counter("assign_reviews_plans", "Plans that reached a state.", ["state"])
ROWS = Counter("assign_reviews_rows", "Rows of plans, by what became of them.", ["outcome"])
BRAINTRUST_REQUESTS = Counter(
    "assign_reviews_braintrust_requests", "Requests to Braintrust, by their kind and answer.", ["kind", "outcome"]
)
BRAINTRUST_SECONDS = Histogram(
    "assign_reviews_braintrust_request_seconds", "From connecting to Braintrust to its whole answer.", buckets=_SECONDS
)
SLACK_REQUESTS = Counter(
    "assign_reviews_slack_requests", "Calls of Slack's Web API, by method and answer.", ["method", "outcome"]
)
LISTENER_SECONDS = Histogram(
    "assign_reviews_listener_seconds", "From a command, press or event of Slack's to its end.", buckets=_SECONDS
)


def _version() -> str:
    try:
        return version("assign-reviews")
    except PackageNotFoundError:  # a checkout
        return "unreleased"


Info("assign_reviews_build", "The version that runs.").info({"version": _version()})
