// What body files may take of the disk while they arrive: in all, and one client's.
//
// decide_room() is pure; BodyRoom keeps count, thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hermetic::spool {

enum class RoomAnswer : std::uint8_t {
    Fits,
    DiskFull,    // below what is kept for mail that was accepted
    ClientFull,  // half of what may arrive at a time is this client's already
};

struct RoomFacts {
    std::uint64_t free = UINT64_MAX;  // octets on the disk; UINT64_MAX: not known
    std::uint64_t kept = 0;           // of them, whatever arrives
    std::uint64_t under_way = 0;      // octets of all bodies that arrive, on the disk already
    std::uint64_t of_client = 0;      // of them; nobody's bodies are not bounded as a client's
};
[[nodiscard]] RoomAnswer decide_room(const RoomFacts& facts, std::uint64_t octets);

class BodyRoom {
public:
    // Counts `octets` more where they fit. `client` empty: nobody's.
    [[nodiscard]] RoomAnswer take(const std::string& client, std::uint64_t octets,
                                  std::uint64_t free, std::uint64_t kept);
    void give_back(const std::string& client, std::uint64_t octets);
    [[nodiscard]] std::uint64_t under_way() const;

private:
    mutable std::mutex mutex_;
    std::uint64_t under_way_ = 0;
    std::unordered_map<std::string, std::uint64_t> clients_;
};

}  // namespace hermetic::spool
