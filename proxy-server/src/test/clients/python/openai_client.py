"""OpenAI's SDK: chat and Responses, whole and streamed, a tool call and the turn after it."""

import json

import openai

from given import ARGUMENTS, CALLING, KEY, MODEL, SCHEMA, TEXT, URL, refused, same

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)


def chat():
    turns = [{"role": "user", "content": "Hi"}]
    whole = client.chat.completions.create(model=MODEL, messages=turns)
    same(whole.choices[0].message.content, TEXT)
    same(whole.choices[0].finish_reason, "stop")
    with client.chat.completions.stream(model=MODEL, messages=turns) as stream:
        for _ in stream:
            pass
        same(stream.get_final_completion().choices[0].message.content, TEXT)

    tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    called = client.chat.completions.create(
        model=MODEL, messages=turns, tools=tools, extra_headers=CALLING).choices[0]
    same(called.finish_reason, "tool_calls")
    call = called.message.tool_calls[0]
    same(json.loads(call.function.arguments), ARGUMENTS)
    turns += [called.message, {"role": "tool", "tool_call_id": call.id, "content": "Rain."}]
    after = client.chat.completions.create(model=MODEL, messages=turns, tools=tools)
    same(after.choices[0].message.content, TEXT)


def responses():
    same(client.responses.create(model=MODEL, input="Hi").output_text, TEXT)
    pieces = []
    with client.responses.stream(model=MODEL, input="Hi") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        same(stream.get_final_response().output_text, TEXT)
    same("".join(pieces), TEXT)

    tools = [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}]
    turns = [{"role": "user", "content": "Hi"}]
    called = client.responses.create(
        model=MODEL, input=turns, tools=tools, extra_headers=CALLING)
    calls = [item for item in called.output if item.type == "function_call"]
    same(json.loads(calls[0].arguments), ARGUMENTS)
    turns += called.output
    turns.append({"type": "function_call_output", "call_id": calls[0].call_id, "output": "Rain."})
    same(client.responses.create(model=MODEL, input=turns, tools=tools).output_text, TEXT)


chat()
responses()
stranger = client.with_options(api_key="pk-unknown")
refused(lambda: stranger.responses.create(model=MODEL, input="Hi"), openai.AuthenticationError)
refused(lambda: client.chat.completions.create(
    model="no-such-model", messages=[{"role": "user", "content": "Hi"}]), openai.NotFoundError)
print(f"openai {openai.__version__}")
