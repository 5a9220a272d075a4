#include "validation/subject.h"

#include "policy/tls_demand.h"

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

constexpr std::size_t kMaxDomains = 8;

void add_domain(std::vector<routing::Route>& routes, const std::string& domain)
{
    if (routes.size() >= kMaxDomains) return;
    if (std::ranges::find(routes, domain, &routing::Route::domain) != routes.end()) return;
    routing::Route route;
    route.domain = domain;
    routes.push_back(std::move(route));
}

void add_domain(std::vector<routing::Route>& routes, const mail::Mailbox& mailbox)
{
    if (const auto* domain = mailbox.domain()) add_domain(routes, domain->text());
}

bool is_exact(const objects::DomainPattern& pattern)
{
    return pattern.kind == objects::DomainPattern::Kind::Exact;
}

// What a decision and its connections need of the other objects.
void take_objects(Subject& subject, const objects::Snapshot& snapshot)
{
    subject.retirements = snapshot.contents().retirements;
    objects::Snapshot::Contents own;
    own.organizations = {subject.organization};
    if (subject.connector) own.outbound_connectors = {*subject.connector};
    own.certificates = snapshot.contents().certificates;
    subject.credentials = outbound::Credentials::load(own, nullptr);
}

std::optional<mail::Domain> bounce_domain(const objects::Snapshot& snapshot,
                                          const objects::Organization& organization)
{
    const auto* const domain =
        organization.postmaster ? organization.postmaster->domain() : nullptr;
    const auto* const accepted = domain != nullptr ? snapshot.accepted_domain(*domain) : nullptr;
    if (accepted == nullptr || accepted->organization != organization.name) return std::nullopt;
    return *domain;
}

}  // namespace

Result<Subject, std::string> make_subject(const objects::Snapshot& snapshot,
                                          objects::OutboundConnector connector,
                                          std::optional<mail::Mailbox> recipient)
{
    if (recipient && recipient->needs_smtputf8())
        return failure(std::string{"the test message needs an ASCII address"});
    Subject subject;
    subject.organization = snapshot.organization(connector.organization);
    subject.audited = connector.tls.mode == objects::ConnectorMode::Audit;
    connector.tls.mode = objects::ConnectorMode::Enforce;
    connector.enabled = true;
    if (!connector.next_hop.mx) {
        routing::Route route;
        route.hosts = connector.next_hop.hosts;
        subject.routes.push_back(std::move(route));
    } else {
        // The test message goes to hosts of its own domain.
        if (recipient) add_domain(subject.routes, *recipient);
        for (const auto& pattern : connector.recipient_domains) {
            if (is_exact(pattern)) add_domain(subject.routes, pattern.domain->text());
        }
        for (const auto& mailbox : connector.test_recipients) add_domain(subject.routes, mailbox);
    }
    if (subject.routes.empty()) return failure(*why_not_tested(connector));
    subject.connector = std::move(connector);
    subject.recipient = std::move(recipient);
    subject.bounce_domain = bounce_domain(snapshot, subject.organization);
    take_objects(subject, snapshot);
    return subject;
}

Subject make_subject(const objects::Snapshot& snapshot, const objects::Organization& organization)
{
    Subject subject;
    subject.organization = organization;
    take_objects(subject, snapshot);
    return subject;
}

Subject make_subject(const objects::Snapshot& snapshot, routing::Route route)
{
    Subject subject;
    // Of the same snapshot: it has what the route names.
    if (const auto inputs = policy::inputs_of_route(snapshot, route, {})) {
        subject.organization = *inputs->organization;
        if (inputs->connector != nullptr) subject.connector = *inputs->connector;
        if (inputs->next_hop != nullptr) subject.next_hop = *inputs->next_hop;
    }
    subject.routes.push_back(std::move(route));
    take_objects(subject, snapshot);
    return subject;
}

std::optional<std::string> why_not_tested(const objects::OutboundConnector& connector)
{
    const bool has_hosts = !connector.next_hop.mx || !connector.test_recipients.empty() ||
                           std::ranges::any_of(connector.recipient_domains, is_exact);
    if (has_hosts) return std::nullopt;
    return "the connector names no domain whose hosts could be tested; expected: an address in one "
           "of its domains (--to), or test_recipients";
}

}  // namespace hermetic::validation
