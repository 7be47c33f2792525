package io.penstock.mock;

import java.util.Arrays;

/**
 * Files and batches of which nothing is kept: whatever is asked for is there, and what is told of
 * it depends on nothing but its name.
 */
final class Stored {
    private static final int CREATED = 1755000000;

    private Stored() {}

    static Draft file(RequestReader request) throws ProviderError {
        String below = below(request.path(), "/files");
        if (below.isEmpty()) {
            return request.method().equalsIgnoreCase("POST") ? upload(request) : none();
        }
        String id = below.split("/")[0];
        if (request.method().equalsIgnoreCase("DELETE")) {
            return json("id", id, "object", "file", "deleted", true);
        }
        if (below.endsWith("/content")) {
            return Draft.whole(200, "content-type: application/octet-stream\r\n",
                    Draft.utf8("content of " + id + "\n"));
        }
        return json("id", id, "object", "file", "bytes", 12 + id.length(), "created_at", CREATED,
                "filename", id + ".jsonl", "purpose", "batch", "status", "processed");
    }

    private static Draft upload(RequestReader request) throws ProviderError {
        String purpose = Extras.form(request, "purpose");
        byte[] body = request.body();
        return json("id", "file-" + Integer.toHexString(Arrays.hashCode(body)),
                "object", "file", "bytes", body.length, "created_at", CREATED, "filename",
                "upload", "purpose", purpose, "status", "processed");
    }

    static Draft batch(RequestReader request) throws ProviderError {
        String below = below(request.path(), "/batches");
        boolean post = request.method().equalsIgnoreCase("POST");
        if (below.isEmpty() && !post) {
            return none();
        }
        String input = below.isEmpty() ? JsonBody.parse(request.body())
                .requiredText("input_file_id") : "file-1";
        return json("id", below.isEmpty() ? "batch_" + input : below.split("/")[0], "object",
                "batch", "endpoint", "/v1/chat/completions", "input_file_id", input,
                "completion_window", "24h", "created_at", CREATED, "status",
                below.endsWith("/cancel") ? "cancelling" : post ? "validating" : "completed");
    }

    private static Draft none() {
        return json("object", "list", "data", Json.array(), "has_more", false);
    }

    private static Draft json(Object... members) {
        return Draft.json(200, "", Json.object(members));
    }

    /** What stands behind the end of the path, without a slash in front. */
    private static String below(String path, String end) {
        int at = path.indexOf(end + "/");
        return at < 0 ? "" : path.substring(at + end.length() + 1);
    }
}
