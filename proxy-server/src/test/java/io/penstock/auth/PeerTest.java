package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, ip:192.0.2.7",
        "::ffff:192.0.2.7, ip:192.0.2.7",
        "2001:db8:1:2:3:4:5:6, ip:2001:db8:1:2::/64",
        "2001:db8:1:2:ffff::1, ip:2001:db8:1:2::/64",
        "2001:db8:1:3::1, ip:2001:db8:1:3::/64",
        "::1, ip:0:0:0:0::/64"})
    void tellsAddressesApartAndNetworksOfIpv6(String address, String account) throws Exception {
        assertThat(Peer.account(InetAddress.getByName(address))).isEqualTo(account);
    }

    /** As a socket that takes both shows it, when the class library hasn't turned it into four. */
    @Test
    void takesAMappedAddressForWhatItIs() throws Exception {
        byte[] mapped = new byte[16];
        mapped[10] = -1;
        mapped[11] = -1;
        mapped[12] = (byte) 192;
        mapped[15] = 7;
        InetAddress address = java.net.Inet6Address.getByAddress(null, mapped, -1);

        assertThat(address.getAddress()).hasSize(16);
        assertThat(Peer.account(address)).isEqualTo("ip:192.0.0.7");
    }

    @Test
    void hasAnAccountForWhoIsGoneAlready() {
        assertThat(Peer.account(null)).isEqualTo("ip:unknown");
    }
}
