package io.penstock.listen;

import io.penstock.http.RequestHead;

/**
 * Serves the requests of one stream, one at a time and in order. All calls come on the event loop
 * of the connection. Each request is answered through the stream, whose {@link
 * DownstreamStream#endResponse}, {@link DownstreamStream#cut} or {@link DownstreamStream#abort}
 * ends the answer.
 */
public interface RequestHandler extends OpenRequest {
    /** A request begins; the head is borrowed, valid only during the call. */
    void onRequest(RequestHead head);
}
