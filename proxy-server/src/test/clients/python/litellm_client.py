"""LiteLLM as a client: of the OpenAI and of the Anthropic format."""

import os
from importlib.metadata import version

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # asks no other host for prices

import litellm

from given import KEY, MODEL, TEXT, URL, same

litellm.telemetry = False
for model, base in ((f"openai/{MODEL}", f"{URL}/v1"), (f"anthropic/{MODEL}", URL)):
    ask = dict(model=model, api_base=base, api_key=KEY, num_retries=0,
               messages=[{"role": "user", "content": "Hi"}])
    same(litellm.completion(**ask).choices[0].message.content, TEXT)
    pieces = litellm.completion(stream=True, **ask)
    same("".join(piece.choices[0].delta.content or "" for piece in pieces), TEXT)
print(f"litellm {version('litellm')}")
