// The name server's answers, asked as resolvers ask: by ldns over UDP and TCP.
#include "lab/dns_server.h"

#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/zones.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ldns/ldns.h>

namespace hermetic::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct PacketFree {
    void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using PacketPtr = std::unique_ptr<ldns_pkt, PacketFree>;

std::string wire_query(const char* name, ldns_rr_type type, std::uint16_t edns_size)
{
    ldns_rdf* const owner = ldns_dname_new_frm_str(name);
    const PacketPtr query{ldns_pkt_query_new(owner, type, LDNS_RR_CLASS_IN, LDNS_RD)};
    ldns_pkt_set_id(query.get(), 4711);
    if (edns_size > 0) {
        ldns_pkt_set_edns_udp_size(query.get(), edns_size);
        ldns_pkt_set_edns_do(query.get(), true);
    }
    std::uint8_t* octets = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(ldns_pkt2wire(&octets, query.get(), &size), LDNS_STATUS_OK);
    std::string copy{reinterpret_cast<char*>(octets), size};
    LDNS_FREE(octets);
    return copy;
}

class NameServer : public testing::Test {
protected:
    static ZoneData data()
    {
        std::vector<Placement> placements;
        std::uint8_t number = 1;
        for (const auto& behaviour : all_partners()) {
            placements.push_back({&behaviour, IpAddress::v4({127, 20, 0, number++})});
        }
        return make_zone_data(placements, IpAddress::v4({127, 20, 255, 1}));
    }

    PacketPtr ask(const char* name, ldns_rr_type type, std::uint16_t edns_size = 1232,
                  Transport transport = Transport::Udp)
    {
        const auto answer = responder_.answer(wire_query(name, type, edns_size), transport);
        last_size_ = answer.octets.size();
        ldns_pkt* parsed = nullptr;
        if (answer.octets.empty()) return nullptr;
        EXPECT_EQ(
            ldns_wire2pkt(&parsed, reinterpret_cast<const std::uint8_t*>(answer.octets.data()),
                          answer.octets.size()),
            LDNS_STATUS_OK);
        EXPECT_EQ(ldns_pkt_id(parsed), 4711);
        EXPECT_TRUE(ldns_pkt_qr(parsed));
        return PacketPtr{parsed};
    }

    static std::vector<std::string> answers(const PacketPtr& packet)
    {
        std::vector<std::string> lines;
        const ldns_rr_list* const list = ldns_pkt_answer(packet.get());
        for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
            char* text = ldns_rr2str(ldns_rr_list_rr(list, i));
            lines.emplace_back(text);
            lines.back().pop_back();
            LDNS_FREE(text);
        }
        return lines;
    }

    std::size_t last_size_ = 0;

private:
    Responder responder_{data(), UnknownZones::Refused};
};

TEST_F(NameServer, AnswersMxAndAddressWithAuthority)
{
    const auto mx = ask("tls12.lab.test.", LDNS_RR_TYPE_MX);
    EXPECT_EQ(ldns_pkt_get_rcode(mx.get()), LDNS_RCODE_NOERROR);
    EXPECT_TRUE(ldns_pkt_aa(mx.get()));
    EXPECT_TRUE(ldns_pkt_edns(mx.get()));
    EXPECT_THAT(answers(mx), ElementsAre("tls12.lab.test.\t5\tIN\tMX\t10 mx.tls12.lab.test."));
    EXPECT_THAT(answers(ask("mx.TLS12.lab.test.", LDNS_RR_TYPE_A)),
                ElementsAre("mx.TLS12.lab.test.\t5\tIN\tA\t127.20.0.3"));
    EXPECT_THAT(answers(ask("tls12.lab.test.", LDNS_RR_TYPE_TXT)),
                ElementsAre(HasSubstr("TLS 1.2 and nothing newer")));
}

TEST_F(NameServer, TellsMissingDataFromMissingNames)
{
    const auto no_data = ask("mx.tls12.lab.test.", LDNS_RR_TYPE_AAAA);
    EXPECT_EQ(ldns_pkt_get_rcode(no_data.get()), LDNS_RCODE_NOERROR);
    EXPECT_EQ(ldns_pkt_ancount(no_data.get()), 0);
    EXPECT_EQ(ldns_pkt_nscount(no_data.get()), 1) << "SOA, for negative caching";
    const auto no_name = ask("nowhere.lab.test.", LDNS_RR_TYPE_MX);
    EXPECT_EQ(ldns_pkt_get_rcode(no_name.get()), LDNS_RCODE_NXDOMAIN);
    EXPECT_EQ(ldns_pkt_nscount(no_name.get()), 1);
    const auto between = ask("of-forty.large-answer.lab.test.", LDNS_RR_TYPE_A);
    EXPECT_EQ(ldns_pkt_get_rcode(between.get()), LDNS_RCODE_NOERROR) << "empty non-terminal";
    const auto without_mx = ask("no-address.lab.test.", LDNS_RR_TYPE_MX);
    EXPECT_EQ(ldns_pkt_get_rcode(without_mx.get()), LDNS_RCODE_NOERROR);
}

TEST_F(NameServer, FollowsAliasesAndSurvivesTheirLoops)
{
    EXPECT_THAT(answers(ask("domain-alias.lab.test.", LDNS_RR_TYPE_MX)),
                ElementsAre(HasSubstr("CNAME\ttarget.domain-alias.lab.test."),
                            HasSubstr("MX\t10 mx.domain-alias.lab.test.")));
    EXPECT_THAT(answers(ask("domain-alias.lab.test.", LDNS_RR_TYPE_CNAME)), SizeIs(1));
    const auto loop = ask("alias-loop.lab.test.", LDNS_RR_TYPE_MX);
    EXPECT_EQ(ldns_pkt_get_rcode(loop.get()), LDNS_RCODE_NOERROR);
}

TEST_F(NameServer, FailsWhereTheTableSaysSo)
{
    EXPECT_EQ(ldns_pkt_get_rcode(ask("servfail.lab.test.", LDNS_RR_TYPE_MX).get()),
              LDNS_RCODE_SERVFAIL);
    EXPECT_EQ(ask("mx.dns-silent.lab.test.", LDNS_RR_TYPE_A), nullptr);
    EXPECT_THAT(answers(ask("null-mx.lab.test.", LDNS_RR_TYPE_MX)),
                ElementsAre("null-mx.lab.test.\t5\tIN\tMX\t0 ."));
    EXPECT_THAT(answers(ask("dead-first.lab.test.", LDNS_RR_TYPE_MX)), SizeIs(2));
    EXPECT_EQ(ldns_pkt_get_rcode(ask("example.org.", LDNS_RR_TYPE_MX).get()), LDNS_RCODE_REFUSED);
}

TEST_F(NameServer, TruncatesWhatIsTooBigForUdpOnly)
{
    const auto cut = ask("large-answer.lab.test.", LDNS_RR_TYPE_MX);
    EXPECT_TRUE(ldns_pkt_tc(cut.get()));
    EXPECT_LE(last_size_, 1232U);
    const auto whole = ask("large-answer.lab.test.", LDNS_RR_TYPE_MX, 1232, Transport::Tcp);
    EXPECT_FALSE(ldns_pkt_tc(whole.get()));
    EXPECT_EQ(ldns_pkt_ancount(whole.get()), 40);
    EXPECT_GT(last_size_, 1232U);
}

TEST_F(NameServer, SaysNothingToWhatIsNoQuery)
{
    const Responder responder{data(), UnknownZones::NxDomain};
    EXPECT_EQ(responder.answer("", Transport::Udp).octets, "");
    EXPECT_EQ(responder.answer("garbage", Transport::Udp).octets, "");
    std::string response = wire_query("tls12.lab.test.", LDNS_RR_TYPE_MX, 0);
    response[2] = static_cast<char>(response[2] | '\x80');  // QR: answering answers makes loops
    EXPECT_EQ(responder.answer(response, Transport::Udp).octets, "");
}

TEST(NameServerSockets, AnswerOverUdpAndTcpAndCountTheQuestions)
{
    Lab lab{{.only = {"tls12", "large-answer"}}};
    ASSERT_TRUE(lab.start());
    ldns_resolver* const resolver = ldns_resolver_new();
    ldns_rdf* address = nullptr;
    ASSERT_EQ(ldns_str2rdf_a(&address, "127.0.0.1"), LDNS_STATUS_OK);
    ldns_resolver_push_nameserver(resolver, address);
    ldns_resolver_set_port(resolver, lab.dns_endpoint().port);
    ldns_resolver_set_edns_udp_size(resolver, 1232);
    ldns_rdf* const name = ldns_dname_new_frm_str("large-answer.lab.test.");

    // ldns asks again over TCP when the UDP answer is truncated.
    const PacketPtr answer{
        ldns_resolver_query(resolver, name, LDNS_RR_TYPE_MX, LDNS_RR_CLASS_IN, LDNS_RD)};
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(ldns_pkt_ancount(answer.get()), 40);
    EXPECT_THAT(lab.dns_questions(),
                ElementsAre("large-answer.lab.test. MX", "large-answer.lab.test. MX"));

    ldns_rdf_deep_free(name);
    ldns_rdf_deep_free(address);
    ldns_resolver_deep_free(resolver);
}

}  // namespace
}  // namespace hermetic::lab
