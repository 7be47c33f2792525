"""Google's SDK: generated content, whole and streamed; a tool call and the turn after it, likewise."""

from google import genai
from google.genai import errors, types

from given import ARGUMENTS, CALLING, KEY, MODEL, SCHEMA, TEXT, URL, refused, same


def connect(key):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=URL))


client = connect(KEY)
same(client.models.generate_content(model=MODEL, contents="Hi").text, TEXT)
pieces = client.models.generate_content_stream(model=MODEL, contents="Hi")
same("".join(piece.text or "" for piece in pieces), TEXT)

tools = [types.Tool(function_declarations=[types.FunctionDeclaration(
    name="weather", parameters_json_schema=SCHEMA)])]
turns = [types.Content(role="user", parts=[types.Part(text="Hi")])]
called = client.models.generate_content(
    model=MODEL, contents=turns, config=types.GenerateContentConfig(
        tools=tools, http_options=types.HttpOptions(headers=CALLING)))
call = called.function_calls[0]
same(call.args, ARGUMENTS)
turns += [called.candidates[0].content, types.Content(role="user", parts=[
    types.Part(function_response=types.FunctionResponse(
        id=call.id, name=call.name, response={"result": "Rain."}))])]
after = client.models.generate_content(
    model=MODEL, contents=turns, config=types.GenerateContentConfig(tools=tools))
same(after.text, TEXT)

streamed = client.models.generate_content_stream(
    model=MODEL, contents=turns[:1], config=types.GenerateContentConfig(
        tools=tools, http_options=types.HttpOptions(headers=CALLING)))
pieces = list(streamed)
calls = [call for piece in pieces for call in piece.function_calls or []]
same([call.args for call in calls], [ARGUMENTS])
same(calls[0].name, "weather")
said = [part for piece in pieces for candidate in piece.candidates or []
        for part in (candidate.content.parts if candidate.content else None) or []]
turns = turns[:1] + [types.Content(role="model", parts=said), types.Content(role="user", parts=[
    types.Part(function_response=types.FunctionResponse(
        id=calls[0].id, name=calls[0].name, response={"result": "Rain."}))])]
pieces = client.models.generate_content_stream(
    model=MODEL, contents=turns, config=types.GenerateContentConfig(tools=tools))
same("".join(piece.text or "" for piece in pieces), TEXT)

stranger = connect("pk-unknown")  # closes once nothing refers to it
refused(lambda: stranger.models.generate_content(model=MODEL, contents="Hi"),
        errors.ClientError)
print(f"google-genai {genai.__version__}")
