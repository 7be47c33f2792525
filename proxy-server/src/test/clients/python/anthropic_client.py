"""Anthropic's SDK: messages, whole and streamed, a tool call and the turn after it."""

import anthropic

from given import ARGUMENTS, CALLING, KEY, MODEL, SCHEMA, TEXT, URL, refused, same

client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)
turns = [{"role": "user", "content": "Hi"}]

whole = client.messages.create(model=MODEL, max_tokens=1000, messages=turns)
same(whole.content[0].text, TEXT)
same(whole.stop_reason, "end_turn")
with client.messages.stream(model=MODEL, max_tokens=1000, messages=turns) as stream:
    same("".join(stream.text_stream), TEXT)
    same(stream.get_final_message().content[0].text, TEXT)

tools = [{"name": "weather", "input_schema": SCHEMA}]
with client.messages.stream(model=MODEL, max_tokens=1000, messages=turns, tools=tools,
                            extra_headers=CALLING) as stream:
    called = stream.get_final_message()
same(called.stop_reason, "tool_use")
call = [block for block in called.content if block.type == "tool_use"][0]
same(call.input, ARGUMENTS)
turns += [{"role": "assistant", "content": called.content},
          {"role": "user", "content": [
              {"type": "tool_result", "tool_use_id": call.id, "content": "Rain."}]}]
after = client.messages.create(model=MODEL, max_tokens=1000, messages=turns, tools=tools)
same(after.content[0].text, TEXT)

stranger = client.with_options(api_key="pk-unknown")
refused(lambda: stranger.messages.create(model=MODEL, max_tokens=9, messages=turns[:1]),
        anthropic.AuthenticationError)
print(f"anthropic {anthropic.__version__}")
