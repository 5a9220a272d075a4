// Decides what becomes of a spool's directory at a start: opened, made, or left alone because
// something of it is lost. Pure: inspection.h gathers the facts.
//
// Opening a database that lacks a file makes the loss final: RocksDB begins a new one, ends its log
// at the first damage and removes what lay behind, and body files without a message are removed.
// So nothing is opened before this has looked, and a refusal changes nothing.
#pragma once

#include "spool/identity.h"
#include "spool/log_octets.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::spool {

struct LogFacts {
    std::uint64_t number = 0;
    LogReading reading;

    bool operator==(const LogFacts&) const = default;
};

// What RocksDB says where it opens the database for reading alone.
struct Trial {
    std::string error;             // empty: it can
    std::uint64_t oldest_log = 0;  // those below are left over, and in tables
};

struct UnreadableFile {
    std::string name;  // "db/000018.log"
    std::string why;
};

struct SpoolFacts {
    std::optional<Result<LogPoint, IdentityError>> identity;  // nullopt: there is no such file
    bool repair_interrupted = false;  // a repair did not end: any of its files may be elsewhere
    bool has_database = false;        // the folder
    std::string manifest;       // that CURRENT names; empty: there is no CURRENT, or nothing in it
    bool has_manifest = false;  // the file that it names
    std::uint64_t tables = 0;
    std::vector<LogFacts> logs;  // ascending
    bool has_bodies = false;     // the folder
    std::uint64_t body_folders_missing = 0;
    std::vector<std::string> not_folders;  // "bodies/3f" where it is something else
    std::uint64_t body_files = 0;
    std::optional<Trial> trial;  // once needs_trial() asks for it
    // Files with octets that the disk does not hand out: in their place the facts have zeros.
    std::vector<UnreadableFile> unreadable;
};

struct Damage {
    std::string what;  // "db/CURRENT is missing"
    std::string lost;  // what would be lost if it were opened nevertheless; empty: not known more
    // Records of messages may be lost with it: that a message has no state tells nothing then.
    bool loses_records = false;
    bool operator==(const Damage&) const = default;
};

struct Opening {
    enum class Kind : std::uint8_t {
        Open,
        Make,    // there is no spool yet
        Refuse,  // see `damage`
        Newer,   // a newer version of this program made it
    };
    Kind kind = Kind::Open;
    std::vector<Damage> damage;
    // Open: the log whose last, torn group will be left out: nobody was told that it is stored.
    std::optional<std::uint64_t> torn_log;
    // Open: nothing tells how far the log must reach, so a body that no message has is set aside,
    // not removed.
    bool keeps_bodies = false;
};

// Whether it takes RocksDB's word to know which logs count: where they are not all whole and in
// sequence. It replays the log, so it is asked only then.
[[nodiscard]] bool needs_trial(const SpoolFacts& facts);

// `known`: what this process knows to be on the disk, where it had the spool open before; it
// replaces the identity's.
[[nodiscard]] Opening decide_opening(const SpoolFacts& facts,
                                     const std::optional<LogPoint>& known = std::nullopt);

// For people, in one line: what is damaged, what would be lost, which command goes on.
[[nodiscard]] std::string describe(const std::vector<Damage>& damage, const std::string& directory);

// The same of a newer version's.
[[nodiscard]] std::string describe_newer(const std::string& directory);

}  // namespace hermetic::spool
