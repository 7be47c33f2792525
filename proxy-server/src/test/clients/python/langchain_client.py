"""LangChain by its OpenAI integration: whole, streamed, a tool call and the turn after it."""

from importlib.metadata import version

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from given import ARGUMENTS, CALLING, KEY, MODEL, TEXT, URL, same

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}

for responses in (False, True):
    model = ChatOpenAI(base_url=f"{URL}/v1", api_key=KEY, model=MODEL, max_retries=0,
                       use_responses_api=responses)
    same(model.invoke("Hi").text, TEXT)
    same("".join(piece.text for piece in model.stream("Hi")), TEXT)
    turns = [HumanMessage("Hi")]
    called = model.bind_tools([TOOL]).invoke(turns, extra_headers=CALLING)
    same(called.tool_calls[0]["args"], ARGUMENTS)
    turns += [called, ToolMessage("Rain.", tool_call_id=called.tool_calls[0]["id"])]
    same(model.bind_tools([TOOL]).invoke(turns).text, TEXT)
print(f"langchain-openai {version('langchain-openai')}")
