package io.penstock.observe.trace;

import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A collector of traces that speaks OTLP over gRPC, by gRPC's own library, on a free port. */
final class GrpcCollector implements AutoCloseable {
    private final List<ExportTraceServiceRequest> requests = new CopyOnWriteArrayList<>();
    private final List<Metadata> headers = new CopyOnWriteArrayList<>();
    private final Deque<Status> answers = new ArrayDeque<>(); // then OK
    private final Server server;
    private volatile boolean hangs;

    private GrpcCollector(ServerCredentials credentials) throws IOException {
        server = NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
                .addService(new Service()).intercept(new ServerInterceptor() {
                    @Override
                    public <A, B> ServerCall.Listener<A> interceptCall(ServerCall<A, B> call,
                            Metadata came, ServerCallHandler<A, B> next) {
                        headers.add(came);
                        return next.startCall(call, came);
                    }
                }).build().start();
    }

    static GrpcCollector start() throws IOException {
        return new GrpcCollector(InsecureServerCredentials.create());
    }

    static GrpcCollector start(ServerCredentials credentials) throws IOException {
        return new GrpcCollector(credentials);
    }

    /** Answers the next call so, and those after it as before. */
    synchronized GrpcCollector then(Status status) {
        answers.add(status);
        return this;
    }

    GrpcCollector hanging() {
        hangs = true;
        return this;
    }

    int port() {
        return server.getPort();
    }

    List<ExportTraceServiceRequest> requests() {
        return requests;
    }

    List<Metadata> headers() {
        return headers;
    }

    private synchronized Status next() {
        return answers.isEmpty() ? Status.OK : answers.poll();
    }

    private final class Service extends TraceServiceGrpc.TraceServiceImplBase {
        @Override
        public void export(ExportTraceServiceRequest request,
                StreamObserver<ExportTraceServiceResponse> reply) {
            if (hangs) {
                return;
            }
            Status status = next();
            if (status.isOk()) {
                requests.add(request);
                reply.onNext(ExportTraceServiceResponse.getDefaultInstance());
                reply.onCompleted();
            } else {
                reply.onError(status.asRuntimeException());
            }
        }
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
