// Keeps what the partners saw: in memory for tests, as JSON lines in a file for other programs.
//
// Thread-safe. Bounded: the oldest records go first, and bodies are kept only while all of them
// together stay below a limit.
#pragma once

#include "lab/record.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

class RecordBook {
public:
    struct Limits {
        std::size_t records = 20'000;          // of each kind
        std::size_t body_octets = 256U << 20;  // of all bodies together
    };

    // An empty path: no file. A file that cannot be written is reported by is_writing().
    RecordBook(Limits limits, const std::filesystem::path& json_lines);

    [[nodiscard]] bool is_writing() const;

    // Numbers a partner's connections from 1.
    [[nodiscard]] std::uint64_t begin_connection(std::string_view partner);

    void add(MessageRecord record);
    void add(ConnectionRecord record);

    // In the order of their ends.
    [[nodiscard]] std::vector<MessageRecord> messages(std::string_view partner) const;
    [[nodiscard]] std::vector<ConnectionRecord> connections(std::string_view partner) const;
    [[nodiscard]] std::uint64_t connections_begun(std::string_view partner) const;

    // False: fewer had come when the time was over.
    [[nodiscard]] bool wait_for_messages(std::string_view partner, std::size_t count,
                                         std::chrono::milliseconds at_most) const;
    [[nodiscard]] bool wait_for_connections(std::string_view partner, std::size_t count,
                                            std::chrono::milliseconds at_most) const;

    // Forgets all records, not the numbering; the file stays.
    void clear();

private:
    void write_line(const std::string& line);

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Limits limits_;
    std::ofstream file_;
    bool file_wanted_;
    std::size_t kept_octets_ = 0;
    std::deque<MessageRecord> messages_;
    std::deque<ConnectionRecord> connections_;
    std::map<std::string, std::uint64_t, std::less<>> begun_;
};

}  // namespace hermetic::lab
