// The directory's file: objects with version, author and time, and every change there ever was.
//
// SQLite in WAL mode, synchronous=FULL: a committed transaction survives a power cut, an unfinished
// one leaves no trace. Blocking; one thread at a time. docs/formats/directory.md has the tables.
// Errors are for people: they name the file and what is expected.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "directory/difference.h"
#include "directory/sqlite.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::directory {

// Who changed it, when, and the how-many-th change of this object it was. A version is never used
// twice, also not after the object was removed and made anew.
struct Stamp {
    std::uint64_t version = 0;
    std::string by;
    WallTime at{};
    bool operator==(const Stamp&) const = default;
};

struct StoredObject {
    ObjectKey key;
    std::string text;
    Stamp stamp;
};

// Of the whole: each transaction that changed something is one. 0: nothing was ever kept.
struct Revision {
    std::uint64_t number = 0;
    std::string by;
    WallTime at{};
};

struct HistoryEntry {
    std::uint64_t revision = 0;
    ObjectChange change;
    Stamp stamp;
};

class Store {
public:
    // ReadWrite makes the file where there is none, and holds a lock against a second server.
    [[nodiscard]] static Result<std::unique_ptr<Store>, std::string> open(const std::string& path,
                                                                          Access access);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // Rolled back where it is destroyed without having been committed.
    class Transaction {
    public:
        ~Transaction();
        Transaction(Transaction&& other) noexcept;
        Transaction& operator=(Transaction&&) = delete;
        // Durable when it returns.
        [[nodiscard]] Result<void, std::string> commit();

    private:
        friend class Store;
        explicit Transaction(Store& store) : store_{&store} {}
        Store* store_;
    };
    [[nodiscard]] Result<Transaction, std::string> begin();

    // In the order of keys.
    [[nodiscard]] Result<std::vector<StoredObject>, std::string> read();
    [[nodiscard]] Result<Revision, std::string> revision();
    // Within a transaction: objects, history, and the revision that they are.
    [[nodiscard]] Result<Revision, std::string> write(const Changes& changes, const std::string& by,
                                                      WallTime at);
    // Newest first, of one object or of all; of one revision where that is given.
    [[nodiscard]] Result<std::vector<HistoryEntry>, std::string> history(
        const std::optional<ObjectKey>& key, std::uint32_t limit,
        std::optional<std::uint64_t> revision = std::nullopt);
    // As they were when this revision was the newest.
    [[nodiscard]] Result<Objects, std::string> objects_at(std::uint64_t revision);

private:
    Store(std::string path, Connection connection, int lock);
    [[nodiscard]] Result<void, std::string> check_file();
    [[nodiscard]] Result<void, std::string> make_tables();
    [[nodiscard]] Result<Revision, std::string> revision_after(const std::string& by, WallTime at);
    [[nodiscard]] std::string broken() const;

    std::string path_;
    Connection connection_;
    int lock_;
};

[[nodiscard]] Objects texts_of(const std::vector<StoredObject>& stored);

}  // namespace hermetic::directory
