package io.penstock.auth;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The address that a connection comes from, and who calls from there without a credential. That
 * caller is made once per connection and configuration.
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 */
public final class Peer {
    private static final int PREFIX_GROUPS = 4; // of IPv6: a /64 is what one customer gets

    private final @Nullable InetAddress address;
    private @Nullable Allowance allowance;
    private @Nullable Caller caller;

    /** {@code address} is null when the connection has gone again. */
    public Peer(@Nullable InetAddress address) {
        this.address = address;
    }

    /** Whoever calls from there; their rates count by address, their usage all together. */
    Caller caller(String id, Allowance each) {
        if (caller == null || !caller.id().equals(id) || !each.equals(allowance)) {
            allowance = each;
            caller = new Caller(id, account(address), List.of(), each);
        }
        return caller;
    }

    /** The address, of IPv6 the network, which one caller has all of. */
    static String account(@Nullable InetAddress address) {
        if (address == null) {
            return "ip:unknown";
        }
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return "ip:" + address.getHostAddress();
        }
        if (isMapped(bytes)) {
            return "ip:" + (bytes[12] & 0xff) + '.' + (bytes[13] & 0xff) + '.' + (bytes[14] & 0xff)
                    + '.' + (bytes[15] & 0xff);
        }
        StringBuilder network = new StringBuilder("ip:");
        for (int i = 0; i < PREFIX_GROUPS; i++) {
            int group = (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
            network.append(Integer.toHexString(group)).append(':');
        }
        return network.append(":/64").toString();
    }

    /** Whether it is an IPv4 address in IPv6's clothes, as a socket for both may show it. */
    private static boolean isMapped(byte[] bytes) {
        for (int i = 0; i < 10; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return bytes[10] == -1 && bytes[11] == -1;
    }
}
