package io.penstock.upstream;

import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.util.NetUtil;
import io.penstock.loop.Transport;
import java.net.Inet6Address;
import java.net.NetworkInterface;

/**
 * How providers' names become addresses: by the machine's hosts file and name servers, on the event
 * loops.
 */
public final class NameResolution {
    /**
     * Queries for one name: both families, search domains and further name servers. Netty takes the
     * {@code attempts} of resolv.conf for this, where they are tries of each server; one, which is
     * common, was spent on the IPv4 address.
     */
    private static final int MAX_QUERIES = 16;

    private NameResolution() {}

    public static DnsAddressResolverGroup group(Transport transport) {
        return new DnsAddressResolverGroup(builder(transport));
    }

    static DnsNameResolverBuilder builder(Transport transport) {
        DnsNameResolverBuilder builder = new DnsNameResolverBuilder()
                .datagramChannelType(transport.datagramChannel())
                .socketChannelType(transport.channel())
                .maxQueriesPerResolve(MAX_QUERIES);
        if (hasIpV6() && !NetUtil.isIpV4StackPreferred() && !NetUtil.isIpV6AddressesPreferred()) {
            // Netty's own choice leaves IPv6 out where only the loopback has it, and so localhost.
            builder.resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED);
        }
        return builder;
    }

    private static boolean hasIpV6() {
        return NetUtil.NETWORK_INTERFACES.stream()
                .flatMap(NetworkInterface::inetAddresses)
                .anyMatch(address -> address instanceof Inet6Address);
    }
}
