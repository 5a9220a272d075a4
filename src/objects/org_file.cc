#include "objects/org_file.h"

#include "objects/old_form.h"
#include "objects/org_options.h"
#include "objects/validate.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace hermetic::objects {
namespace {

using config::Node;
using config::Option;

template <typename Object>
void read_objects(const Node& document, const std::string& key,
                  const std::vector<Option<Object>>& options, const std::string& file,
                  std::vector<Object>& objects, config::Diagnostics& diagnostics)
{
    const Node* list = document.find(key);
    if (list == nullptr) return;
    bool fits = list->kind == Node::Kind::List;
    for (const Node& each : list->list) fits = fits && each.kind == Node::Kind::Table;
    if (!fits) {
        diagnostics.push_back({file, list->line, key, config::quote_node(*list) + " does not fit",
                               "tables [[" + key + "]]"});
        return;
    }
    for (const Node& each : list->list) {
        objects.emplace_back();
        config::read_section(each, options, {}, file,
                             fmt::format("{}[{}]", key, objects.size() - 1), objects.back(),
                             diagnostics);
    }
}

// Writes what differs from the default; a key that shows nothing is left out.
template <typename Object>
class Writer {
public:
    explicit Writer(std::vector<Option<Object>> options) : options_{std::move(options)}
    {
        for (const auto& each : options_) defaults_.push_back(each.show(Object{}));
    }
    [[nodiscard]] std::string write(const std::string& title, const Object& object) const
    {
        std::string text = title + "\n";
        for (std::size_t i = 0; i < options_.size(); ++i) {
            const std::string shown = options_[i].show(object);
            if (shown.empty() || shown == defaults_[i]) continue;
            text.append(options_[i].key).append(" = ").append(shown).push_back('\n');
        }
        return text;
    }

private:
    std::vector<Option<Object>> options_;
    std::vector<std::string> defaults_;
};

// One organization stands in [organization], several in [[organization]].
void read_organizations(const Node& document, const std::string& file,
                        std::vector<Organization>& organizations, config::Diagnostics& diagnostics)
{
    const Node* node = document.find("organization");
    if (node != nullptr && node->kind != Node::Kind::Table) {
        read_objects(document, "organization", organization_options(), file, organizations,
                     diagnostics);
        if (organizations.empty() && diagnostics.empty()) {
            diagnostics.push_back({file, node->line, "organization", "the list is empty",
                                   "[organization], or [[organization]] for each of several"});
        }
        return;
    }
    organizations.emplace_back();
    if (node == nullptr) return;
    config::read_section(*node, organization_options(), {}, file, "organization",
                         organizations.back(), diagnostics);
}

// Where there is one organization, what names none is its.
template <typename Object>
void own(std::vector<Object>& objects, const std::vector<Organization>& organizations)
{
    if (organizations.size() != 1) return;
    for (Object& each : objects) {
        if (each.organization.empty()) each.organization = organizations.front().name;
    }
}

template <typename Object>
std::string format_objects(const std::string& key, std::vector<Option<Object>> options,
                           const std::vector<Object>& objects, bool one_organization)
{
    if (one_organization)
        std::erase_if(options, [](const auto& each) { return each.key == "organization"; });
    const Writer<Object> writer{std::move(options)};
    std::string text;
    for (const Object& each : objects) text += writer.write("[[" + key + "]]", each) + "\n";
    return text;
}

std::string name_of(const AcceptedDomain& domain)
{
    return domain.name.format();
}

template <typename Object>
std::string name_of(const Object& object)
{
    return object.name;
}

// With the owner behind the name.
template <typename Object>
void add_formatted(const std::string& kind, std::vector<Option<Object>> options,
                   const std::vector<Object>& objects, std::vector<FormattedObject>& formatted)
{
    const auto owner = std::find_if(options.begin(), options.end(),
                                    [](const auto& each) { return each.key == "organization"; });
    std::rotate(options.begin() + 1, owner, owner + 1);
    const Writer<Object> writer{std::move(options)};
    for (const Object& each : objects) {
        formatted.push_back(
            {kind, each.organization, name_of(each), writer.write("[[" + kind + "]]", each)});
    }
}

}  // namespace

Result<Snapshot::Contents, config::Diagnostics> read_org_document(const Node& written,
                                                                  const std::string& file)
{
    config::Diagnostics ignored;
    return read_org_document(written, file, ignored);
}

Result<Snapshot::Contents, config::Diagnostics> read_org_document(const Node& written,
                                                                  const std::string& file,
                                                                  config::Diagnostics& notes)
{
    std::optional<TakenUp> taken_up;
    if (has_old_form(written)) taken_up = take_up_old_form(written, file);
    if (taken_up) notes = std::move(taken_up->notes);
    const Node& document = taken_up ? taken_up->document : written;
    Snapshot::Contents contents;
    config::Diagnostics diagnostics;
    config::read_section(document, std::vector<Option<Snapshot::Contents>>{},
                         {kKinds.begin(), kKinds.end()}, file, "", contents, diagnostics);
    read_organizations(document, file, contents.organizations, diagnostics);
    read_objects(document, "accepted_domain", accepted_domain_options(), file,
                 contents.accepted_domains, diagnostics);
    read_objects(document, "inbound_connector", inbound_connector_options(), file,
                 contents.inbound_connectors, diagnostics);
    read_objects(document, "outbound_connector", outbound_connector_options(), file,
                 contents.outbound_connectors, diagnostics);
    read_objects(document, "certificate", certificate_options(), file, contents.certificates,
                 diagnostics);
    read_objects(document, "retirement", retirement_options(), file, contents.retirements,
                 diagnostics);
    own(contents.accepted_domains, contents.organizations);
    own(contents.inbound_connectors, contents.organizations);
    own(contents.outbound_connectors, contents.organizations);
    own(contents.certificates, contents.organizations);
    own(contents.retirements, contents.organizations);
    if (diagnostics.empty()) validate_contents(contents, document, file, diagnostics);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return contents;
}

config::FieldFit find_field_fit(std::string_view kind, std::string_view key, const Node& value)
{
    using config::find_fit;
    if (kind == "organization") return find_fit(organization_options(), key, value);
    if (kind == "accepted_domain") return find_fit(accepted_domain_options(), key, value);
    if (kind == "inbound_connector") return find_fit(inbound_connector_options(), key, value);
    if (kind == "outbound_connector") return find_fit(outbound_connector_options(), key, value);
    if (kind == "certificate") return find_fit(certificate_options(), key, value);
    if (kind == "retirement") return find_fit(retirement_options(), key, value);
    return config::FieldFit::NoSuchField;
}

std::string format_org_file(const Snapshot::Contents& contents)
{
    const bool one = contents.organizations.size() == 1;
    std::string text;
    const Writer<Organization> writer{organization_options()};
    for (const Organization& each : contents.organizations)
        text += writer.write(one ? "[organization]" : "[[organization]]", each) + "\n";
    text += format_objects("accepted_domain", accepted_domain_options(), contents.accepted_domains,
                           one);
    text += format_objects("inbound_connector", inbound_connector_options(),
                           contents.inbound_connectors, one);
    text += format_objects("outbound_connector", outbound_connector_options(),
                           contents.outbound_connectors, one);
    text += format_objects("certificate", certificate_options(), contents.certificates, one);
    text += format_objects("retirement", retirement_options(), contents.retirements, one);
    return text;
}

std::vector<FormattedObject> format_org_objects(const Snapshot::Contents& contents)
{
    std::vector<FormattedObject> formatted;
    const Writer<Organization> writer{organization_options()};
    for (const Organization& each : contents.organizations)
        formatted.push_back(
            {"organization", {}, each.name, writer.write("[[organization]]", each)});
    add_formatted("accepted_domain", accepted_domain_options(), contents.accepted_domains,
                  formatted);
    add_formatted("inbound_connector", inbound_connector_options(), contents.inbound_connectors,
                  formatted);
    add_formatted("outbound_connector", outbound_connector_options(), contents.outbound_connectors,
                  formatted);
    add_formatted("certificate", certificate_options(), contents.certificates, formatted);
    add_formatted("retirement", retirement_options(), contents.retirements, formatted);
    return formatted;
}

std::vector<config::SectionReference> org_reference()
{
    using config::describe_section;
    return {describe_section("[organization]", organization_options()),
            describe_section("[[accepted_domain]]", accepted_domain_options()),
            describe_section("[[inbound_connector]]", inbound_connector_options()),
            describe_section("[[outbound_connector]]", outbound_connector_options()),
            describe_section("[[certificate]]", certificate_options()),
            describe_section("[[retirement]]", retirement_options())};
}

std::string format_org_reference()
{
    return "# org.toml\n\nThe organizations' objects. Made by `hermetic reference org`. Several "
           "organizations are written as\n`[[organization]]`; every other object then names its "
           "own.\n" +
           config::format_sections(org_reference());
}

}  // namespace hermetic::objects
