// The directory: the objects of all organizations, and the one path by which they change.
//
// A change is read, applied, compiled with everything else, validated, written with its history and
// committed in one transaction, and then published as a new Snapshot; or it is refused and nothing
// has happened. Each names the version (or revision) that it was made from: a change that somebody
// else's has overtaken is refused, and says whose.
// Blocking (disk); one thread at a time: directory/directory_thread.h.
#pragma once

#include "config/document.h"
#include "core/result.h"
#include "core/time.h"
#include "directory/edit.h"
#include "directory/store.h"
#include "objects/exceptions.h"
#include "objects/snapshot.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::directory {

struct Refusal {
    enum class Kind : std::uint8_t {
        Invalid,        // the objects would not hold together: diagnostics
        NotFound,       // no such object
        Exists,         // an object of this name is there already
        Conflict,       // somebody else changed it meanwhile
        Removes,        // it would remove objects, and was not asked to
        ManagedByFile,  // the objects are managed by a file
        Broken,         // the store failed; nothing was changed
    };
    Kind kind = Kind::Invalid;
    std::string what;
    std::string expected;
    config::Diagnostics diagnostics;  // of Invalid; what and right are the first one's
};

// Under which a change is made.
struct Terms {
    std::string by;                     // who
    std::optional<std::uint64_t> base;  // version of the object, or revision of all
    bool dry_run = false;               // everything but writing and publishing
    bool prune = false;  // what a document, or an old revision, does not name is removed
};

struct Outcome {
    Revision revision;  // the newest, also where nothing changed
    Changes changes;    // empty: it was so already
    // Of a dry run: what the objects would be.
    std::shared_ptr<const objects::Snapshot::Contents> would_be{};
};

// What the node asks of objects beside their own rules (objects/validate_node.h): a change that it
// has faults to find in is Invalid.
using Check = std::function<config::Diagnostics(const objects::Snapshot::Contents&)>;

class Directory {
public:
    // Told of each new Snapshot, before the call that made it returns: what changed (nothing: a
    // file was read that says the same) and by whom.
    using OnChange = std::function<void(objects::SnapshotPointer, const Changes& changes,
                                        const std::string& by)>;

    [[nodiscard]] static Result<std::unique_ptr<Directory>, std::string> open(
        const std::string& path, const Clock& clock);
    void on_change(OnChange listener) { on_change_ = std::move(listener); }
    void check_by(Check check) { check_ = std::move(check); }

    // A file is the source of truth: only take_file() changes anything. Empty: the directory is.
    void set_managing_file(std::string file) { managed_by_ = std::move(file); }
    [[nodiscard]] const std::string& managed_by() const { return managed_by_; }
    // The managing file's objects become the objects.
    [[nodiscard]] Result<Outcome, Refusal> take_file(const config::Node& document,
                                                     const std::string& file);
    // The same in two steps, for a reload that goes into force whole or not at all: what the file
    // comes to, judged by `check`; and its taking, which can fail only at the disk.
    [[nodiscard]] Result<Compiled, Refusal> try_file(const config::Node& document,
                                                     const std::string& file, const Check& check);
    [[nodiscard]] Result<Outcome, Refusal> take_file(Compiled compiled, const std::string& file,
                                                     const objects::Written& written = {});
    // What is kept is put in force; called once where no file is taken at start.
    [[nodiscard]] Result<void, Refusal> load();

    // The document's objects become the objects; what it does not name is removed where the terms
    // say so, else it is refused. `file` is for the diagnostics. Base: the revision.
    [[nodiscard]] Result<Outcome, Refusal> replace(std::string_view document,
                                                   const std::string& file, const Terms& terms);
    // The objects become what they were at this revision, as a new one; refused where that holds
    // together no more. Base: the revision that they are at.
    [[nodiscard]] Result<Outcome, Refusal> roll_back(std::uint64_t revision, const Terms& terms);
    // A new object: no base. Its organization may be in the edit, and need not be said where there
    // is one.
    [[nodiscard]] Result<Outcome, Refusal> add(const std::string& kind, const std::string& name,
                                               const Edit& edit, const Terms& terms);
    // Base: the object's version.
    [[nodiscard]] Result<Outcome, Refusal> change(const ObjectKey& key, const Edit& edit,
                                                  const Terms& terms);
    [[nodiscard]] Result<Outcome, Refusal> remove(const ObjectKey& key, const Terms& terms);

    // The key of what is, or was, called so: where no organization is said, the only one there is.
    [[nodiscard]] ObjectKey key_of(const std::string& kind, const std::string& organization,
                                   const std::string& name) const;
    // The one of this kind and name, in `organization` or, where that is empty, in any.
    [[nodiscard]] Result<StoredObject, Refusal> find(const std::string& kind,
                                                     const std::string& organization,
                                                     const std::string& name);
    [[nodiscard]] Result<std::vector<StoredObject>, Refusal> list();
    [[nodiscard]] Result<std::vector<HistoryEntry>, Refusal> history(
        const std::optional<ObjectKey>& key, std::uint32_t limit,
        std::optional<std::uint64_t> revision = std::nullopt);

    [[nodiscard]] const objects::SnapshotPointer& snapshot() const { return snapshot_; }
    // Where the objects that are in force stand in an earlier version's form, by object or line.
    [[nodiscard]] const config::Diagnostics& notes() const { return notes_; }
    [[nodiscard]] std::string export_text() const;
    [[nodiscard]] const Revision& revision() const { return revision_; }

private:
    Directory(std::unique_ptr<Store> store, const Clock& clock);

    using Make = std::function<Result<Compiled, Refusal>(const std::vector<StoredObject>&)>;
    // The one path.
    [[nodiscard]] Result<Outcome, Refusal> commit(const Terms& terms, const Make& make,
                                                  const objects::Written& written = {});
    [[nodiscard]] Result<Outcome, Refusal> write(Store::Transaction transaction, Changes changes,
                                                 Compiled compiled, const Terms& terms);
    [[nodiscard]] std::optional<Refusal> refuse_if_managed(const Terms& terms) const;
    [[nodiscard]] Result<Objects, Refusal> based_on(const std::vector<StoredObject>& stored,
                                                    const ObjectKey& key, const Terms& terms);
    [[nodiscard]] std::optional<Refusal> overtaken(const Terms& terms) const;
    [[nodiscard]] Refusal missing(const ObjectKey& key);

    std::unique_ptr<Store> store_;
    const Clock& clock_;
    std::string managed_by_;
    config::Diagnostics notes_;
    OnChange on_change_;
    Check check_;
    Revision revision_;
    objects::SnapshotPointer snapshot_;
};

// What a server would find in the objects at its start, with `check` and at this time: without one,
// beside one, and without changing anything.
[[nodiscard]] Result<Compiled, config::Diagnostics> judge_objects(
    const std::string& organization_file, const std::string& data_directory, const Check& check,
    WallTime now);

// For commands that ask no server: the objects of `organization_file`, or where that is empty those
// of the data directory. None at all, in a new one, are Contents{}.
[[nodiscard]] Result<objects::Snapshot::Contents, config::Diagnostics> load_objects(
    const std::string& organization_file, const std::string& data_directory, WallTime now);

inline constexpr const char* kFileName = "directory.db";  // in the data directory

}  // namespace hermetic::directory
