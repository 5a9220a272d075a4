// What the lab's name server answers; see dns_server.h.
#include "core/assert.h"
#include "core/text.h"
#include "lab/dns_server.h"
#include "lab/partners.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <set>

namespace hermetic::lab {
namespace {

constexpr std::uint16_t kUdpSize = 1232;  // what DNS servers agreed on to avoid fragments
constexpr std::uint16_t kLeastUdpSize = 512;
constexpr int kLongestAliasChain = 8;

struct PacketFree {
    void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct RecordFree {
    void operator()(ldns_rr* record) const { ldns_rr_free(record); }
};
using PacketPtr = std::unique_ptr<ldns_pkt, PacketFree>;
using RecordPtr = std::unique_ptr<ldns_rr, RecordFree>;

// Lower case, without the trailing dot.
std::string name_text(const ldns_rdf* name)
{
    char* text = ldns_rdf2str(name);
    if (text == nullptr) return {};
    std::string lower = to_lower(text);
    LDNS_FREE(text);
    if (lower.size() > 1 && lower.ends_with('.')) lower.pop_back();
    return lower;
}

std::string type_text(ldns_rr_type type)
{
    char* text = ldns_rr_type2str(type);
    std::string copy = text ? text : "?";
    LDNS_FREE(text);
    return copy;
}

std::string to_wire(const ldns_pkt& packet)
{
    std::uint8_t* octets = nullptr;
    std::size_t size = 0;
    if (ldns_pkt2wire(&octets, &packet, &size) != LDNS_STATUS_OK) return {};
    std::string copy{reinterpret_cast<char*>(octets), size};
    LDNS_FREE(octets);
    return copy;
}

PacketPtr empty_response(const ldns_pkt& query, const ldns_rr* question)
{
    PacketPtr response{ldns_pkt_new()};
    HERMETIC_ASSERT(response);
    ldns_pkt_set_id(response.get(), ldns_pkt_id(&query));
    ldns_pkt_set_qr(response.get(), true);
    ldns_pkt_set_opcode(response.get(), ldns_pkt_get_opcode(&query));
    ldns_pkt_set_rd(response.get(), ldns_pkt_rd(&query));
    // Set although nothing is asked further: resolvers that forward here expect it.
    ldns_pkt_set_ra(response.get(), true);
    if (ldns_pkt_edns(&query)) {
        ldns_pkt_set_edns_udp_size(response.get(), kUdpSize);
        ldns_pkt_set_edns_do(response.get(), ldns_pkt_edns_do(&query));
    }
    if (question != nullptr) {
        ldns_pkt_push_rr(response.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(question));
    }
    return response;
}

std::string finish(PacketPtr response, const ldns_pkt& query, const ldns_rr* question,
                   Transport transport)
{
    std::string octets = to_wire(*response);
    const std::size_t room =
        ldns_pkt_edns(&query) ? std::clamp(ldns_pkt_edns_udp_size(&query), kLeastUdpSize, kUdpSize)
                              : kLeastUdpSize;
    if (transport == Transport::Tcp || octets.size() <= room) return octets;
    const auto rcode = ldns_pkt_get_rcode(response.get());
    response = empty_response(query, question);
    ldns_pkt_set_aa(response.get(), true);
    ldns_pkt_set_tc(response.get(), true);
    ldns_pkt_set_rcode(response.get(), rcode);
    return to_wire(*response);
}

}  // namespace

struct Responder::Records {
    std::map<std::string, std::vector<RecordPtr>> by_name;
    std::set<std::string> existing;  // every name, and those above
    std::set<std::string> failing;
    std::set<std::string> silent;
    UnknownZones unknown = UnknownZones::Refused;

    void push(ldns_pkt& response, ldns_pkt_section section, const std::string& name,
              ldns_rr_type type) const
    {
        const auto found = by_name.find(name);
        if (found == by_name.end()) return;
        for (const auto& record : found->second) {
            if (type == LDNS_RR_TYPE_ANY || ldns_rr_get_type(record.get()) == type) {
                ldns_pkt_push_rr(&response, section, ldns_rr_clone(record.get()));
            }
        }
    }

    [[nodiscard]] const ldns_rr* alias(const std::string& name) const
    {
        const auto found = by_name.find(name);
        if (found == by_name.end()) return nullptr;
        for (const auto& record : found->second) {
            if (ldns_rr_get_type(record.get()) == LDNS_RR_TYPE_CNAME) return record.get();
        }
        return nullptr;
    }

    // The algorithm of RFC 1034 §4.3.2 for one zone without delegations or wildcards.
    void look_up(ldns_pkt& response, std::string name, ldns_rr_type type) const
    {
        ldns_pkt_set_aa(&response, true);
        for (int length = 0; length < kLongestAliasChain; ++length) {
            const ldns_rr* const record = alias(name);
            if (record == nullptr || type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_ANY) break;
            ldns_pkt_push_rr(&response, LDNS_SECTION_ANSWER, ldns_rr_clone(record));
            name = name_text(ldns_rr_rdf(record, 0));
        }
        const std::uint16_t before = ldns_pkt_ancount(&response);
        push(response, LDNS_SECTION_ANSWER, name, type);
        if (ldns_pkt_ancount(&response) > before || alias(name) != nullptr) return;
        if (!existing.contains(name)) ldns_pkt_set_rcode(&response, LDNS_RCODE_NXDOMAIN);
        push(response, LDNS_SECTION_AUTHORITY, std::string{kLabZone}, LDNS_RR_TYPE_SOA);
    }
};

Responder::Responder(const ZoneData& data, UnknownZones unknown)
    : records_{std::make_unique<Records>()}
{
    records_->failing = data.failing;
    records_->silent = data.silent;
    records_->unknown = unknown;
    for (const auto& line : data.records) {
        ldns_rr* record = nullptr;
        const auto status = ldns_rr_new_frm_str(&record, line.c_str(), 0, nullptr, nullptr);
        HERMETIC_ASSERT(status == LDNS_STATUS_OK);
        std::string name = name_text(ldns_rr_owner(record));
        records_->by_name[name].emplace_back(record);
        for (;;) {
            records_->existing.insert(name);
            const auto dot = name.find('.');
            if (dot == std::string::npos) break;
            name.erase(0, dot + 1);
        }
    }
}

Responder::~Responder() = default;

Responder::Answer Responder::answer(std::string_view octets, Transport transport) const
{
    ldns_pkt* parsed = nullptr;
    const auto* const data = reinterpret_cast<const std::uint8_t*>(octets.data());
    if (ldns_wire2pkt(&parsed, data, octets.size()) != LDNS_STATUS_OK) return {};
    const PacketPtr query{parsed};
    if (ldns_pkt_qr(query.get())) return {};
    const ldns_rr_list* const questions = ldns_pkt_question(query.get());
    if (ldns_rr_list_rr_count(questions) != 1 ||
        ldns_pkt_get_opcode(query.get()) != LDNS_PACKET_QUERY) {
        const PacketPtr response = empty_response(*query, nullptr);
        ldns_pkt_set_rcode(response.get(), LDNS_RCODE_NOTIMPL);
        return {to_wire(*response), {}};
    }
    const ldns_rr* const question = ldns_rr_list_rr(questions, 0);
    const std::string name = name_text(ldns_rr_owner(question));
    const ldns_rr_type type = ldns_rr_get_type(question);
    Answer answer{{}, printable_ascii(name, 300) + ". " + type_text(type)};

    const auto among = [&name](const std::set<std::string>& domains) {
        return std::ranges::any_of(domains,
                                   [&](const auto& domain) { return is_within(name, domain); });
    };
    if (among(records_->silent)) return answer;
    PacketPtr response = empty_response(*query, question);
    if (among(records_->failing)) {
        ldns_pkt_set_rcode(response.get(), LDNS_RCODE_SERVFAIL);
    } else if (!is_within(name, kLabZone)) {
        const bool refused = records_->unknown == UnknownZones::Refused;
        ldns_pkt_set_rcode(response.get(), refused ? LDNS_RCODE_REFUSED : LDNS_RCODE_NXDOMAIN);
    } else {
        records_->look_up(*response, name, type);
    }
    answer.octets = finish(std::move(response), *query, question, transport);
    return answer;
}

}  // namespace hermetic::lab
