"""The formats of keys and tokens, as documented by their issuers.

A shape stands here when it can't be taken for anything else: a prefix, or parts of fixed length. Keys without
a shape, such as 40 hexadecimal digits, are found by where they stand: ``secret_keys`` and ``IN_ADDRESSES``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHAPES: Mapping[str, str] = {
    "an API key": r"sk-[A-Za-z0-9_-]{16,}"
    r"|(?:gsk|hf|r8|nvapi|pplx|xai|fw|tgp_v1)[_-](?=\w*\d)[A-Za-z0-9_-]{20,}",
    "a speech provider's key": r"sk_(?:car_)?(?=\w*\d)[A-Za-z0-9]{20,}",
    "a Stripe key": r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a Twilio SID": r"(?:AC|SK)[0-9a-fA-F]{32}(?![0-9a-fA-F])",
    "a Slack token": r"xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}",
    "a Slack webhook": r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}",
    "a Google key": r"AIza[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}",
    "a GitHub token": r"gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}",
    "a GitLab token": r"gl(?:pat|ptt|rt|dt|ft|soat|cbt|agent)-[A-Za-z0-9_-]{20,}",
    "an AWS key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
    "an Azure key": r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40,}={0,2}",
    "a SendGrid key": r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a Mailgun key": r"key-[0-9a-f]{32}(?![0-9a-f])",
    "a Mailchimp key": r"[0-9a-f]{32}-us\d{1,2}(?!\d)",
    "an npm token": r"npm_[A-Za-z0-9]{30,}",
    "a PyPI token": r"pypi-[A-Za-z0-9_-]{40,}",
    "a DigitalOcean token": r"do[opr]_v1_[0-9a-f]{32,}",
    "a Databricks token": r"dapi[0-9a-f]{32}(?:-\d)?",
    "a Shopify token": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "a Square token": r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{56,}",
    "a Linear key": r"lin_(?:api|oauth)_[A-Za-z0-9]{30,}",
    "a Notion token": r"(?:secret|ntn)_[A-Za-z0-9]{40,}",
    "a Postman key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "a Supabase key": r"sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,}",
    "an Airtable token": r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    "a New Relic key": r"NRAK-[A-Z0-9]{27}",
    "a Grafana token": r"gl(?:sa|c)_[A-Za-z0-9_+/=]{30,}",
    "a Sentry token": r"sntry[su]_[A-Za-z0-9_+/=]{40,}",
    "a Doppler token": r"dp\.(?:ct|pt|st|sa|scim|audit)\.[A-Za-z0-9._-]{40,}",
    "a Telegram token": r"\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
    "a Discord token": r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    "a Vault token": r"hv[sbr]\.[A-Za-z0-9_-]{24,}",
    "a Terraform token": r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}",
    "an Atlassian token": r"ATATT3[A-Za-z0-9_=-]{50,}",
    "a Figma token": r"figd_[A-Za-z0-9_-]{30,}",
    "an age key": r"AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    "a webhook's secret": r"whsec_[A-Za-z0-9+/=]{16,}",
    "a JSON Web Token": r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "a private key": r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=:,.\s-]{0,8000}?"
    r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s]{0,8000})",
}
ANY = re.compile("|".join(f"(?<![A-Za-z0-9_])(?<![A-Za-z0-9]-)(?:{pattern})" for pattern in SHAPES.values()))
IN_ADDRESSES = re.compile(
    r"(?P<before>[?&](?:[a-z]+[_-])?(?:api[_-]?key|access[_-]?key|subscription[_-]?key|key|token|secret|password|sig|"
    r"signature|auth|code)=(?=[^\s&]{0,200}\d)|://[^\s/:@]{0,64}:)(?P<secret>[^\s\"'&#@/{}$<>]{6,})(?P<after>@)?",
    re.IGNORECASE,
)
"""A key in the query of an address, or a password before its host; ``after`` tells the two apart."""


def kind_of(secret: str) -> str:
    """What ``secret``, which ``ANY`` has found, looks like."""
    return next(kind for kind, pattern in SHAPES.items() if re.match(pattern, secret))
