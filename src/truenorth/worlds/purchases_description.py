"""The closed description of the purchases world."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

DESCRIPTION = """\
Customers
- Join at uniform times from 180 days before the start to the end, by search, friend or advert with shares 0.5, 0.2, 0.3.
- Buy first when they join. While alive they buy after exponential times at a rate g per day, g ~ Gamma(2) with mean 1 / 14.
- After each purchase, the first included, a customer drops out for ever with probability p ~ Beta(a, 7), a = 0.9, and 1.44 for those who came by an advert.
- Amounts: m exp(0.4 N(0, 1)), rounded to cents; m = 30 exp(0.6 N(0, 1)) of the customer.

Truth
- dropped_out_at is the time of the last purchase, NULL where the customer had not dropped out by the end.
- churn_probability, of no purchase in (t + 7 d, t + 37 d]: 1 for who has dropped out by t, else 1 - exp(-7 g p) (1 - exp(-30 g)).

Record
- The log holds the purchases from the start on, at once known.
"""
