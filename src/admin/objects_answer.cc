#include "admin/objects_answer.h"

#include "admin/file_warnings.h"
#include "admin/json_keys.h"
#include "admin/query.h"
#include "config/document_bounds.h"
#include "core/assert.h"
#include "core/text.h"
#include "core/time.h"
#include "objects/org_file.h"
#include "objects/warnings.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <pwd.h>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using config::Node;
using directory::ObjectKey;
using directory::Refusal;

constexpr std::uint32_t kMaxHistory = 1000;
constexpr std::size_t kMaxWarnings = 100;

// --- answers
// ---------------------------------------------------------------------------------------

std::pair<int, std::string_view> status_of(Refusal::Kind kind)
{
    switch (kind) {
    case Refusal::Kind::Invalid:
        return {422, "invalid"};
    case Refusal::Kind::NotFound:
        return {404, "not-found"};
    case Refusal::Kind::Exists:
        return {409, "exists"};
    case Refusal::Kind::Conflict:
        return {409, "conflict"};
    case Refusal::Kind::Removes:
        return {409, "removes"};
    case Refusal::Kind::ManagedByFile:
        return {409, "managed-by-file"};
    case Refusal::Kind::Broken:
        return {500, "broken"};
    }
    unreachable("every Refusal::Kind has a status above");
}

Response refused(const Refusal& refusal)
{
    const auto [status, reason] = status_of(refusal.kind);
    json::object body{{"error", refusal.what}, {"expected", refusal.expected}, {"reason", reason}};
    json::array diagnostics;
    for (const config::Diagnostic& each : refusal.diagnostics) {
        diagnostics.push_back({{"file", each.file},
                               {"line", each.line},
                               {"key", each.key},
                               {"what", each.what},
                               {"expected", each.expected}});
    }
    if (!diagnostics.empty()) body["diagnostics"] = std::move(diagnostics);
    return {status, "application/json", json::serialize(body)};
}

Response answered(const json::object& body)
{
    return {200, "application/json", json::serialize(body)};
}

json::value value_json(const Node& node)
{
    switch (node.kind) {
    case Node::Kind::String:
        return json::value(node.string);
    case Node::Kind::Integer:
        return node.integer;
    case Node::Kind::Boolean:
        return node.boolean;
    case Node::Kind::List: {
        json::array list;
        for (const Node& each : node.list) list.push_back(value_json(each));
        return list;
    }
    case Node::Kind::Table: {
        json::object table;
        for (const auto& [key, value] : node.table) table[key] = value_json(value);
        return table;
    }
    case Node::Kind::Float:
    case Node::Kind::DateTime:
        break;
    }
    return nullptr;  // no field has these
}

json::object key_json(const ObjectKey& key)
{
    return {{"kind", key.kind}, {"organization", key.organization}, {"name", key.name}};
}

void add_stamp(json::object& row, const directory::Stamp& stamp)
{
    row["version"] = stamp.version;
    row["changed_by"] = stamp.by;
    row["changed_at"] = format_rfc3339(stamp.at);
}

json::object object_json(const directory::StoredObject& object)
{
    json::object row = key_json(object.key);
    add_stamp(row, object.stamp);
    row["fields"] = value_json(directory::fields_of(object.text));
    return row;
}

json::object change_json(const directory::ObjectChange& change)
{
    json::object row{{"change", directory::name(change.kind)}};
    for (auto& [key, value] : key_json(change.key)) row[key] = value;
    json::array fields;
    for (const directory::FieldChange& each : directory::changed_fields(change)) {
        json::object field{{"key", each.key}};
        if (!each.before.empty()) field["before"] = each.before;
        if (!each.after.empty()) field["after"] = each.after;
        fields.push_back(std::move(field));
    }
    row["fields"] = std::move(fields);
    return row;
}

void add_directory(json::object& body, const directory::Directory& directory)
{
    body["revision"] = directory.revision().number;
    body["managed_by"] =
        directory.managed_by().empty() ? "directory" : "file " + directory.managed_by();
}

json::array warnings_json(const objects::Snapshot::Contents& contents)
{
    json::array warnings;
    for (const std::string& each : file_warnings(contents)) {
        if (warnings.size() == kMaxWarnings) break;
        warnings.emplace_back(printable(each));
    }
    for (const config::Diagnostic& each : objects::find_warnings(contents)) {
        if (warnings.size() == kMaxWarnings) break;
        warnings.emplace_back(config::format_diagnostic(each));
    }
    return warnings;
}

// Of the objects that change.
json::array warnings_json(const objects::Snapshot::Contents& contents,
                          const directory::Changes& changes)
{
    json::array warnings;
    for (const config::Diagnostic& each : objects::find_warnings(contents)) {
        const bool changed =
            std::any_of(changes.begin(), changes.end(), [&](const directory::ObjectChange& change) {
                return each.key.starts_with(directory::describe(change.key) + ".");
            });
        if (changed && warnings.size() < kMaxWarnings)
            warnings.emplace_back(config::format_diagnostic(each));
    }
    return warnings;
}

Response outcome(const directory::Directory& directory,
                 const Result<directory::Outcome, Refusal>& result, bool dry_run,
                 bool whole = false)
{
    if (!result) return refused(result.error());
    json::object body;
    const bool would_be = result->would_be != nullptr;
    const auto& contents = would_be ? *result->would_be : directory.snapshot()->contents();
    body["warnings"] = whole ? warnings_json(contents) : warnings_json(contents, result->changes);
    add_directory(body, directory);
    body["dry_run"] = dry_run;
    json::array changes;
    for (const auto& each : result->changes) changes.push_back(change_json(each));
    body["changes"] = std::move(changes);
    return answered(body);
}

// --- requests
// --------------------------------------------------------------------------------------

std::optional<std::uint64_t> number(const Request& request, const std::string& name)
{
    return parse_decimal<std::uint64_t>(query_value(request, name));
}

// nullopt: no field can have such a value.
std::optional<Node> node_of(const json::value& value)
{
    Node node;
    if (const auto* text = value.if_string()) {
        node.kind = Node::Kind::String;
        node.string.assign(text->data(), text->size());
    } else if (value.is_int64()) {
        node.kind = Node::Kind::Integer;
        node.integer = value.get_int64();
    } else if (value.is_bool()) {
        node.kind = Node::Kind::Boolean;
        node.boolean = value.get_bool();
    } else if (const auto* list = value.if_array()) {
        node.kind = Node::Kind::List;
        for (const json::value& each : *list) {
            auto element = node_of(each);
            if (!element) return std::nullopt;
            node.list.push_back(*std::move(element));
        }
    } else if (const auto* table = value.if_object()) {
        for (const auto& [key, each] : *table) {
            auto member = node_of(each);
            if (!member) return std::nullopt;
            node.table.push_back({std::string{key}, *std::move(member)});
        }
    } else {
        return std::nullopt;
    }
    return node;
}

struct Body {
    directory::Edit edit;
    std::optional<std::uint64_t> version;
};

constexpr std::string_view kBodyForm =
    R"({"version": 3, "set": {"tls": "verify_name"}, "unset": ["comment"]})";

bool read_set(const json::value& value, directory::Edit& edit)
{
    const auto* set = value.if_object();
    if (set == nullptr) return false;
    for (const auto& [key, each] : *set) {
        auto node = node_of(each);
        if (!node) return false;
        edit.set.push_back({std::string{key}, *std::move(node)});
    }
    return true;
}

bool read_unset(const json::value& value, directory::Edit& edit)
{
    const auto* unset = value.if_array();
    if (unset == nullptr) return false;
    for (const json::value& each : *unset) {
        if (!each.is_string()) return false;
        edit.unset.emplace_back(each.as_string().c_str());
    }
    return true;
}

Result<Body, Response> read_body(const std::string& text)
{
    const auto no_change = [] {
        return failure(refuse(400, "the body is not a change of an object", kBodyForm));
    };
    json::parse_options options;
    options.max_depth = config::kMaxDepth;
    boost::system::error_code error;
    const json::value parsed = json::parse(text, error, {}, options);
    if (error == json::error::too_deep) {
        return failure(
            refuse(400, fmt::format("the body nests deeper than {} levels", config::kMaxDepth),
                   kBodyForm));
    }
    const auto* object = error ? nullptr : parsed.if_object();
    if (object == nullptr) return no_change();
    if (const auto repeated = find_repeated_key(text)) {
        return failure(
            refuse(400, fmt::format("the body has the key \"{}\" twice", printable(*repeated, 60)),
                   "each key once in its object"));
    }
    Body body;
    for (const auto& [key, value] : *object) {
        bool fits = false;
        if (key == "set") fits = read_set(value, body.edit);
        if (key == "unset") fits = read_unset(value, body.edit);
        if (key == "version") {
            fits = value.is_int64() && value.get_int64() >= 0;
            if (fits) body.version = static_cast<std::uint64_t>(value.get_int64());
        }
        if (!fits) return no_change();
    }
    return body;
}

// --- resources
// -------------------------------------------------------------------------------------

Response list(directory::Directory& directory, const Request& request)
{
    const auto stored = directory.list();
    if (!stored) return refused(stored.error());
    const std::string kind = query_value(request, "kind");
    const std::string organization = query_value(request, "organization");
    json::array objects;
    for (const auto& each : *stored) {
        if (!kind.empty() && each.key.kind != kind) continue;
        if (!organization.empty() && each.key.organization != organization) continue;
        objects.push_back(object_json(each));
    }
    json::object body;
    add_directory(body, directory);
    body["objects"] = std::move(objects);
    return answered(body);
}

Response history(directory::Directory& directory, const std::optional<ObjectKey>& key,
                 const Request& request)
{
    const auto wanted = number(request, "limit").value_or(100);
    const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, kMaxHistory));
    const auto entries = directory.history(key, limit, number(request, "revision"));
    if (!entries) return refused(entries.error());
    json::array changes;
    for (const directory::HistoryEntry& each : *entries) {
        json::object row = change_json(each.change);
        row["revision"] = each.revision;
        add_stamp(row, each.stamp);
        changes.push_back(std::move(row));
    }
    return answered({{"changes", std::move(changes)}});
}

Response replace(directory::Directory& directory, const Request& request, directory::Terms terms)
{
    terms.base = number(request, "revision");
    terms.prune = query_value(request, "prune") == "yes";
    std::string file = query_value(request, "file");
    if (file.empty()) file = "(the document)";
    const auto done = directory.replace(request.body, printable(file), terms);
    return outcome(directory, done, terms.dry_run, true);
}

// The key of the object that a request means.
Result<ObjectKey, Refusal> key_of(directory::Directory& directory, const Request& request)
{
    const std::string organization = query_value(request, "organization");
    const auto found = directory.find(request.path[2], organization, request.path[3]);
    if (found) return found->key;
    return failure(found.error());
}

// Where the body of a new object says another value than its address.
std::optional<Refusal> contradicts(const directory::Edit& edit, std::string_view field,
                                   const std::string& addressed)
{
    for (const auto& [key, value] : edit.set) {
        if (key != field) continue;
        if (value.kind == Node::Kind::String && value.string == addressed) continue;
        const std::string said = value.kind == Node::Kind::String
                                     ? fmt::format("\"{}\"", printable(value.string, 60))
                                     : std::string{"no text"};
        return Refusal{Refusal::Kind::Invalid,
                       fmt::format("the {} is \"{}\" in the address of the request and {} in its "
                                   "body",
                                   field, printable(addressed, 60), said),
                       "the same in both, or only in the address",
                       {}};
    }
    return std::nullopt;
}

Result<directory::Outcome, Refusal> add_one(directory::Directory& directory, const Request& request,
                                            Body body, const directory::Terms& terms)
{
    const std::string organization = query_value(request, "organization");
    if (auto refusal = contradicts(body.edit, "name", request.path[3])) {
        return failure(*std::move(refusal));
    }
    if (!organization.empty() && request.path[2] != directory::kOrganizationKind) {
        if (auto refusal = contradicts(body.edit, directory::kOrganizationKind, organization)) {
            return failure(*std::move(refusal));
        }
        Node node;
        node.kind = Node::Kind::String;
        node.string = organization;
        body.edit.set.push_back({std::string{directory::kOrganizationKind}, std::move(node)});
    }
    return directory.add(request.path[2], request.path[3], body.edit, terms);
}

Result<directory::Outcome, Refusal> change_one(directory::Directory& directory,
                                               const Request& request, const Body& body,
                                               directory::Terms terms)
{
    const auto key = key_of(directory, request);
    if (!key) return failure(key.error());
    terms.base = body.version ? body.version : number(request, "version");
    return request.method == "DELETE" ? directory.remove(*key, terms)
                                      : directory.change(*key, body.edit, terms);
}

Response change_any(directory::Directory& directory, const Request& request,
                    const directory::Terms& terms)
{
    const bool removes = request.method == "DELETE";
    Result<Body, Response> body{Body{}};
    if (!request.body.empty() || !removes) body = read_body(request.body);
    if (!body) return std::move(body.error());
    const auto done = request.method == "POST"
                          ? add_one(directory, request, *std::move(body), terms)
                          : change_one(directory, request, *body, terms);
    return outcome(directory, done, terms.dry_run);
}

Response show_one(directory::Directory& directory, const Request& request)
{
    const auto found =
        directory.find(request.path[2], query_value(request, "organization"), request.path[3]);
    if (!found) return refused(found.error());
    json::object body = object_json(*found);
    body["text"] = found->text;
    add_directory(body, directory);
    return answered(body);
}

Response show_history(directory::Directory& directory, const Request& request)
{
    const auto key = key_of(directory, request);
    if (key) return history(directory, *key, request);
    if (key.error().kind != Refusal::Kind::NotFound) return refused(key.error());
    // What is gone has its history.
    const std::string organization = query_value(request, "organization");
    const ObjectKey gone = directory.key_of(request.path[2], organization, request.path[3]);
    const auto last = directory.history(gone, 1);
    if (!last) return refused(last.error());
    if (!last->empty()) return history(directory, gone, request);
    Refusal refusal = key.error();
    refusal.expected += ", or with the organization the name of one that is gone";
    return refused(refusal);
}

Response roll_back(directory::Directory& directory, const Request& request, directory::Terms terms)
{
    const auto revision = parse_decimal<std::uint64_t>(request.path[2]);
    if (!revision) return refuse(400, "this is not a revision", "a revision of GET /v1/changes");
    terms.base = number(request, "revision");
    terms.prune = query_value(request, "prune") == "yes";
    return outcome(directory, directory.roll_back(*revision, terms), terms.dry_run, true);
}

std::optional<Response> refuse_kind(const Request& request)
{
    const auto& path = request.path;
    if (path[1] != "objects" || path.size() < 4) return std::nullopt;
    if (std::ranges::find(objects::kKinds, path[2]) != objects::kKinds.end()) return std::nullopt;
    return refuse(404, fmt::format("there is no kind of object \"{}\"", printable(path[2], 60)),
                  fmt::format("{}", fmt::join(objects::kKinds, ", ")));
}

std::string numbered(std::uint32_t user_id)
{
    return "user " + std::to_string(user_id);
}

Response wrong_method()
{
    return refuse(405, "this method is not for this resource",
                  "GET or PUT /v1/objects, GET, POST, PATCH or DELETE /v1/objects/KIND/NAME, "
                  "GET /v1/objects/KIND/NAME/history, GET /v1/export, GET /v1/changes, "
                  "POST /v1/changes/REVISION/rollback");
}

}  // namespace

Response answer_from(directory::Directory& directory, const Request& request, const std::string& by)
{
    const auto& path = request.path;
    const bool reads = request.method == "GET";
    const directory::Terms terms{by, std::nullopt, query_value(request, "dry-run") == "yes"};
    if (!reads && by.empty()) {
        return refuse(403, "the requesting account is not known", "the server's own Unix socket");
    }
    if (path[1] == "export" && path.size() == 2 && reads) {
        return {200, "application/toml", directory.export_text()};
    }
    if (path[1] == "changes" && path.size() == 2 && reads) {
        return history(directory, std::nullopt, request);
    }
    if (path[1] == "changes" && path.size() == 4 && path[3] == "rollback" &&
        request.method == "POST") {
        return roll_back(directory, request, terms);
    }
    if (path[1] != "objects") return wrong_method();
    if (auto refusal = refuse_kind(request)) return *std::move(refusal);
    if (path.size() == 2 && reads) return list(directory, request);
    if (path.size() == 2 && request.method == "PUT") return replace(directory, request, terms);
    if (path.size() == 4 && reads) return show_one(directory, request);
    if (path.size() == 5 && path[4] == "history" && reads) return show_history(directory, request);
    const bool changes =
        request.method == "POST" || request.method == "PATCH" || request.method == "DELETE";
    if (path.size() == 4 && changes) return change_any(directory, request, terms);
    return wrong_method();
}

Result<Preview, Response> preview(directory::Directory& directory, const Request& request)
{
    auto body = read_body(request.body);
    if (!body) return failure(std::move(body.error()));
    const directory::Terms terms{{}, std::nullopt, true};
    auto done = body->version ? change_one(directory, request, *body, terms)
                              : add_one(directory, request, *std::move(body), terms);
    if (!done) return failure(refused(done.error()));
    if (!done->changes.empty())
        return Preview{std::move(done->would_be), done->changes.front().key};
    auto key = key_of(directory, request);
    if (!key) return failure(refused(key.error()));
    return Preview{std::move(done->would_be), *std::move(key)};
}

std::string account_name(std::uint32_t user_id)
{
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> room{};
    if (::getpwuid_r(user_id, &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
        return printable(found->pw_name);
    }
    return numbered(user_id);
}

events::Actor actor_of(const Request& request)
{
    if (!request.user_id) return {std::nullopt, "?"};
    return {request.user_id,
            request.account.empty() ? numbered(*request.user_id) : request.account};
}

}  // namespace hermetic::admin
