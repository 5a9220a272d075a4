#include "directory/directory.h"

#include "objects/old_form.h"
#include "objects/org_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace hermetic::directory {
namespace {

using Kind = Refusal::Kind;

Refusal invalid(config::Diagnostics diagnostics)
{
    Refusal refusal;
    const config::Diagnostic& first = diagnostics.front();
    refusal.what = first.key.empty() ? first.what : first.key + ": " + first.what;
    refusal.expected = first.expected;
    refusal.diagnostics = std::move(diagnostics);
    return refusal;
}

Refusal refuse(Kind kind, std::string what, std::string expected)
{
    return {kind, std::move(what), std::move(expected), {}};
}

Refusal broken(std::string words)
{
    return refuse(Kind::Broken, std::move(words), "a working store; nothing was changed");
}

Refusal no_base(const char* what)
{
    return refuse(Kind::Invalid, fmt::format("the {} that it is based on is missing", what),
                  fmt::format("the {} that was read before the change", what));
}

Result<Compiled, Refusal> compiled(Result<Compiled, config::Diagnostics> result)
{
    if (!result) return failure(invalid(std::move(result.error())));
    return *std::move(result);
}

// Of an organization that is to be removed: what would be nobody's.
std::optional<Refusal> owns(const Objects& objects, const ObjectKey& organization)
{
    if (organization.kind != kOrganizationKind) return std::nullopt;
    const auto is_its = [&](const auto& each) {
        return each.first.organization == organization.name;
    };
    const auto first = std::find_if(objects.begin(), objects.end(), is_its);
    if (first == objects.end()) return std::nullopt;
    const auto count = std::count_if(objects.begin(), objects.end(), is_its);
    const std::string more = count == 1 ? "" : fmt::format(" and {} more", count - 1);
    return refuse(Kind::Invalid,
                  fmt::format("{} has {}{}", describe(organization), describe(first->first), more),
                  "they are removed first");
}

// What `whole` ("the document", "revision 3") leaves out, of what is there.
std::optional<Refusal> removes(const std::vector<StoredObject>& stored, const Objects& made,
                               const std::string& whole)
{
    constexpr std::size_t kShown = 5;
    std::size_t count = 0;
    std::string names;
    for (const StoredObject& each : stored) {
        if (made.contains(each.key)) continue;
        if (++count <= kShown) names += (names.empty() ? "" : ", ") + describe(each.key);
    }
    if (count == 0) return std::nullopt;
    if (count > kShown) names += fmt::format(" and {} more", count - kShown);
    return refuse(Kind::Removes,
                  fmt::format("{} does not name {}, which would be removed", whole, names),
                  "`--prune` (prune=yes) to remove what it does not name, or one that names it");
}

std::string string_member(const Edit& edit, std::string_view key)
{
    for (const auto& [name, value] : edit.set) {
        if (name == key && value.kind == config::Node::Kind::String) return value.string;
    }
    return {};
}

// What they themselves do not forbid: the node's, and of exceptions what was not there. `in_force`
// are none at a start: then what is kept tells what was there.
config::Diagnostics find_faults(const Check& check, const objects::Snapshot::Contents& in_force,
                                const std::vector<StoredObject>& stored,
                                const objects::Snapshot::Contents& made, WallTime now,
                                const objects::Written& written)
{
    if (auto faults = check ? check(made) : config::Diagnostics{}; !faults.empty()) return faults;
    auto late = objects::exception_faults(in_force, made, now, written);
    if (late.empty() || stored.empty()) return late;
    const auto kept = compile(texts_of(stored));
    return kept ? objects::exception_faults(kept->contents, made, now, written) : late;
}

}  // namespace

Directory::Directory(std::unique_ptr<Store> store, const Clock& clock)
    : store_{std::move(store)},
      clock_{clock},
      snapshot_{std::make_shared<const objects::Snapshot>(objects::Snapshot::Contents{})}
{
}

Result<std::unique_ptr<Directory>, std::string> Directory::open(const std::string& path,
                                                                const Clock& clock)
{
    auto store = Store::open(path, Access::ReadWrite);
    if (!store) return failure(store.error());
    const auto revision = (*store)->revision();
    if (!revision) return failure(revision.error());
    std::unique_ptr<Directory> made{new Directory{*std::move(store), clock}};
    made->revision_ = *revision;
    return made;
}

Result<void, Refusal> Directory::load()
{
    const auto stored = store_->read();
    if (!stored) return failure(broken(stored.error()));
    auto result = compile(texts_of(*stored));
    if (!result) {
        Refusal refusal = invalid(std::move(result.error()));
        refusal.what =
            "the objects of the directory are not valid in this version: " + refusal.what;
        refusal.expected +=
            "; set organization_file to a valid file, or run the version that wrote them";
        return failure(std::move(refusal));
    }
    if (auto faults = check_ ? check_(result->contents) : config::Diagnostics{}; !faults.empty())
        return failure(invalid(std::move(faults)));
    notes_ = std::move(result->notes);
    snapshot_ =
        std::make_shared<const objects::Snapshot>(std::move(result->contents), revision_.number);
    return {};
}

std::optional<Refusal> Directory::refuse_if_managed(const Terms& terms) const
{
    if (managed_by_.empty() || terms.dry_run) return std::nullopt;
    return refuse(Kind::ManagedByFile, "the objects are managed by the file " + managed_by_,
                  "a change of that file; or hermetic.toml without organization_file, after which "
                  "the directory is the source of truth");
}

Result<Outcome, Refusal> Directory::commit(const Terms& terms, const Make& make,
                                           const objects::Written& written)
{
    auto transaction = store_->begin();
    if (!transaction) return failure(broken(transaction.error()));
    const auto stored = store_->read();
    if (!stored) return failure(broken(stored.error()));
    auto made = make(*stored);
    if (!made) return failure(std::move(made.error()));
    auto faults =
        find_faults(check_, snapshot_->contents(), *stored, made->contents, clock_.wall(), written);
    if (!faults.empty()) return failure(invalid(std::move(faults)));
    Changes changes = compare(texts_of(*stored), made->objects);
    // What was kept and is in force already needs no revision; at a start nothing is in force yet.
    const bool in_force = made->contents == snapshot_->contents();
    if (terms.dry_run) {
        auto would_be =
            std::make_shared<const objects::Snapshot::Contents>(std::move(made->contents));
        return Outcome{revision_, std::move(changes), std::move(would_be)};
    }
    notes_.clear();  // from here on all are kept in this version's form
    if (changes.empty() && in_force) return Outcome{revision_, std::move(changes), nullptr};
    return write(*std::move(transaction), std::move(changes), *std::move(made), terms);
}

Result<Outcome, Refusal> Directory::write(Store::Transaction transaction, Changes changes,
                                          Compiled made, const Terms& terms)
{
    if (!changes.empty()) {
        const auto revision = store_->write(changes, terms.by, clock_.wall());
        if (!revision) return failure(broken(revision.error()));
        if (auto done = transaction.commit(); !done) return failure(broken(done.error()));
        revision_ = *revision;
    }
    snapshot_ =
        std::make_shared<const objects::Snapshot>(std::move(made.contents), revision_.number);
    if (on_change_) on_change_(snapshot_, changes, terms.by);
    return Outcome{revision_, std::move(changes), nullptr};
}

Result<Compiled, Refusal> Directory::try_file(const config::Node& document, const std::string& file,
                                              const Check& check)
{
    auto made = compiled(compile(document, file));
    if (!made) return made;
    const auto stored = store_->read();
    if (!stored) return failure(broken(stored.error()));
    auto faults = find_faults(check, snapshot_->contents(), *stored, made->contents, clock_.wall(),
                              {&document, file});
    if (!faults.empty()) return failure(invalid(std::move(faults)));
    return made;
}

Result<Outcome, Refusal> Directory::take_file(Compiled made, const std::string& file,
                                              const objects::Written& written)
{
    const Terms terms{"file " + file, std::nullopt, false};
    config::Diagnostics notes = made.notes;
    const auto make = [&made](const auto&) -> Result<Compiled, Refusal> { return std::move(made); };
    auto outcome = commit(terms, make, written);
    if (outcome) notes_ = std::move(notes);  // the file stays as it is
    return outcome;
}

Result<Outcome, Refusal> Directory::take_file(const config::Node& document, const std::string& file)
{
    auto made = compiled(compile(document, file));
    if (!made) return failure(std::move(made.error()));
    return take_file(*std::move(made), file, {&document, file});
}

Result<Outcome, Refusal> Directory::replace(std::string_view document, const std::string& file,
                                            const Terms& terms)
{
    if (auto refusal = refuse_if_managed(terms)) return failure(*std::move(refusal));
    if (!terms.base && !terms.dry_run) return failure(no_base("revision"));
    const auto parsed = config::parse_document(document, file);
    if (!parsed) return failure(invalid({parsed.error()}));
    const auto make = [&](const auto& stored) -> Result<Compiled, Refusal> {
        if (auto refusal = overtaken(terms)) return failure(*std::move(refusal));
        auto made = compiled(compile(*parsed, file));
        if (!made || terms.prune || terms.dry_run) return made;
        if (auto refusal = removes(stored, made->objects, "the document"))
            return failure(*std::move(refusal));
        return made;
    };
    return commit(terms, make, {&*parsed, file});
}

// Whether somebody else changed the objects since.
std::optional<Refusal> Directory::overtaken(const Terms& terms) const
{
    if (!terms.base || *terms.base == revision_.number) return std::nullopt;
    return refuse(Kind::Conflict,
                  fmt::format("the objects are at revision {} now: changed by {} at {}",
                              revision_.number, revision_.by, format_rfc3339(revision_.at)),
                  fmt::format("a change made from revision {}", revision_.number));
}

Result<Outcome, Refusal> Directory::roll_back(std::uint64_t revision, const Terms& terms)
{
    if (auto refusal = refuse_if_managed(terms)) return failure(*std::move(refusal));
    if (!terms.base && !terms.dry_run) return failure(no_base("revision"));
    if (revision == 0 || revision > revision_.number) {
        return failure(refuse(Kind::NotFound, fmt::format("there is no revision {}", revision),
                              fmt::format("one from 1 to {}", revision_.number)));
    }
    Terms signed_terms = terms;
    signed_terms.by = fmt::format("{} (rollback to revision {})", terms.by, revision);
    return commit(signed_terms, [&](const auto& stored) -> Result<Compiled, Refusal> {
        if (auto refusal = overtaken(terms)) return failure(*std::move(refusal));
        const auto objects = store_->objects_at(revision);
        if (!objects) return failure(broken(objects.error()));
        auto made = compiled(compile(*objects));
        if (made && !terms.prune && !terms.dry_run) {
            if (auto refusal = removes(stored, made->objects, fmt::format("revision {}", revision)))
                return failure(*std::move(refusal));
        }
        if (made) return made;
        Refusal refusal = std::move(made.error());
        refusal.what = fmt::format("the objects of revision {} are no longer valid: {}", revision,
                                   refusal.what);
        return failure(std::move(refusal));
    });
}

Result<Outcome, Refusal> Directory::add(const std::string& kind, const std::string& name,
                                        const Edit& edit, const Terms& terms)
{
    if (auto refusal = refuse_if_managed(terms)) return failure(*std::move(refusal));
    Edit whole = edit;
    config::Node name_node;
    name_node.kind = config::Node::Kind::String;
    name_node.string = name;
    std::erase_if(whole.set, [](const auto& each) { return each.key == "name"; });
    whole.set.insert(whole.set.begin(), {"name", std::move(name_node)});
    const ObjectKey key = key_of(kind, string_member(edit, kOrganizationKind), name);
    return commit(terms, [&](const auto& stored) -> Result<Compiled, Refusal> {
        const auto same = std::find_if(stored.begin(), stored.end(),
                                       [&](const auto& each) { return each.key == key; });
        if (same != stored.end()) {
            return failure(refuse(
                Kind::Exists,
                fmt::format("{} exists already: last changed by {} at {}", describe(same->key),
                            same->stamp.by, format_rfc3339(same->stamp.at)),
                "another name, or a change of that one"));
        }
        Objects objects = texts_of(stored);
        objects.emplace(key, edited_text(kind, {}, whole));
        return compiled(compile(objects));
    });
}

// The objects, where the one that is to change is as the change expects it.
Result<Objects, Refusal> Directory::based_on(const std::vector<StoredObject>& stored,
                                             const ObjectKey& key, const Terms& terms)
{
    const auto found = std::find_if(stored.begin(), stored.end(),
                                    [&](const auto& each) { return each.key == key; });
    if (found == stored.end()) return failure(missing(key));
    if (!terms.base) return failure(no_base("version"));
    if (*terms.base != found->stamp.version) {
        return failure(refuse(
            Kind::Conflict,
            fmt::format("{} is at version {} now: changed by {} at {}", describe(key),
                        found->stamp.version, found->stamp.by, format_rfc3339(found->stamp.at)),
            fmt::format("a change made from version {}", found->stamp.version)));
    }
    return texts_of(stored);
}

Result<Outcome, Refusal> Directory::change(const ObjectKey& key, const Edit& edit,
                                           const Terms& terms)
{
    if (auto refusal = refuse_if_managed(terms)) return failure(*std::move(refusal));
    return commit(terms, [&](const auto& stored) -> Result<Compiled, Refusal> {
        auto objects = based_on(stored, key, terms);
        if (!objects) return failure(std::move(objects.error()));
        std::string& text = objects->at(key);
        text = edited_text(key.kind, text, edit);
        return compiled(compile(*objects));
    });
}

Result<Outcome, Refusal> Directory::remove(const ObjectKey& key, const Terms& terms)
{
    if (auto refusal = refuse_if_managed(terms)) return failure(*std::move(refusal));
    return commit(terms, [&](const auto& stored) -> Result<Compiled, Refusal> {
        auto objects = based_on(stored, key, terms);
        if (!objects) return failure(std::move(objects.error()));
        if (auto refusal = owns(*objects, key)) return failure(*std::move(refusal));
        objects->erase(key);
        return compiled(compile(*objects));
    });
}

// Says who removed it, where somebody did.
Refusal Directory::missing(const ObjectKey& key)
{
    const auto past = store_->history(key, 1);
    if (past && !past->empty() && past->front().change.kind == ChangeKind::Removed) {
        const Stamp& stamp = past->front().stamp;
        return refuse(Kind::NotFound,
                      fmt::format("{} no longer exists: removed by {} at {}", describe(key),
                                  stamp.by, format_rfc3339(stamp.at)),
                      "an existing name, or a new object");
    }
    return refuse(Kind::NotFound, "there is no " + describe(key), "an existing name");
}

ObjectKey Directory::key_of(const std::string& kind, const std::string& organization,
                            const std::string& name) const
{
    const auto& organizations = snapshot_->contents().organizations;
    const bool needed = organization.empty() && kind != kOrganizationKind;
    if (!needed || organizations.size() != 1) return {kind, organization, name};
    return {kind, organizations.front().name, name};
}

Result<StoredObject, Refusal> Directory::find(const std::string& kind,
                                              const std::string& organization,
                                              const std::string& name)
{
    auto stored = store_->read();
    if (!stored) return failure(broken(stored.error()));
    std::erase_if(*stored, [&](const StoredObject& each) {
        return each.key.kind != kind || each.key.name != name ||
               (!organization.empty() && each.key.organization != organization);
    });
    if (stored->empty()) return failure(missing(key_of(kind, organization, name)));
    if (stored->size() > 1) {
        return failure(
            refuse(Kind::Invalid,
                   fmt::format("several organizations have {}", describe(stored->front().key)),
                   "the organization with the name"));
    }
    return std::move(stored->front());
}

Result<std::vector<StoredObject>, Refusal> Directory::list()
{
    auto stored = store_->read();
    if (!stored) return failure(broken(stored.error()));
    return *std::move(stored);
}

Result<std::vector<HistoryEntry>, Refusal> Directory::history(const std::optional<ObjectKey>& key,
                                                              std::uint32_t limit,
                                                              std::optional<std::uint64_t> revision)
{
    auto entries = store_->history(key, limit, revision);
    if (!entries) return failure(broken(entries.error()));
    return *std::move(entries);
}

std::string Directory::export_text() const
{
    return directory::export_text(snapshot_->contents());
}

namespace {

// What is kept in the data directory; nothing where there is none.
Result<std::vector<StoredObject>, config::Diagnostics> read_kept(const std::string& data_directory)
{
    const std::string path = data_directory + "/" + kFileName;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return std::vector<StoredObject>{};
    const auto store = Store::open(path, Access::ReadOnly);
    if (!store) {
        return failure(config::Diagnostics{
            {path, 0, "", store.error(), "a directory that this user may read"}});
    }
    auto stored = (*store)->read();
    if (!stored)
        return failure(
            config::Diagnostics{{path, 0, "", stored.error(), "a file that is not damaged"}});
    return *std::move(stored);
}

}  // namespace

Result<Compiled, config::Diagnostics> judge_objects(const std::string& organization_file,
                                                    const std::string& data_directory,
                                                    const Check& check, WallTime now)
{
    auto stored = read_kept(data_directory);
    if (organization_file.empty()) {
        if (!stored) return failure(std::move(stored.error()));
        auto kept = compile(texts_of(*stored));
        auto faults = kept && check ? check(kept->contents) : config::Diagnostics{};
        if (!faults.empty()) return failure(std::move(faults));
        return kept;
    }
    const auto document = config::load_document(organization_file);
    if (!document) return failure(config::Diagnostics{document.error()});
    auto made = compile(*document, organization_file);
    if (!made) return made;
    // Who checks may not be allowed to read what is kept: then nothing was there.
    auto faults = find_faults(check, {}, stored ? *stored : std::vector<StoredObject>{},
                              made->contents, now, {&*document, organization_file});
    if (!faults.empty()) return failure(std::move(faults));
    return made;
}

Result<objects::Snapshot::Contents, config::Diagnostics> load_objects(
    const std::string& organization_file, const std::string& data_directory, WallTime now)
{
    auto judged = judge_objects(organization_file, data_directory, {}, now);
    if (!judged) return failure(std::move(judged.error()));
    return std::move(judged->contents);
}

}  // namespace hermetic::directory
