// Somebody on the path between a server and one of its next hops: takes the server's connections
// on a port of its own, makes one to the next hop for each, and does to them what its attack says.
//
//   OnPath path{find_on_path_attack("strip"), {.upstream = lab.find("modern")->address}};
//   if (!path.start()) …
//   … let the server deliver to path.endpoint() …
//   path.tapped()   // what went by, octet by octet
//
// Runs on a thread of its own. Thread-safe after start(). The destructor stops it.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "lab/on_path_attack.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

struct OnPathOptions {
    Endpoint upstream;  // the next hop, or the impostor
    std::chrono::milliseconds connection_time{60'000};
    std::size_t connections = 1000;    // more at once are closed unserved
    std::size_t keep = 256U << 10;     // octets of a connection that are tapped, in each direction
    std::size_t keep_all = 64U << 20;  // of all connections together
};

// What was on the wire between the client and this place.
struct TappedConnection {
    std::string from_client;
    std::string to_client;
};

enum class OnPathError { NoPort };

class OnPath {
public:
    // `attack` outlives it.
    OnPath(const OnPathAttack& attack, OnPathOptions options);
    ~OnPath();
    OnPath(const OnPath&) = delete;
    OnPath& operator=(const OnPath&) = delete;

    [[nodiscard]] Result<void, OnPathError> start();

    // Ends all connections. May be repeated.
    void stop();

    // On 127.0.0.1.
    [[nodiscard]] Endpoint endpoint() const;

    // Connections in the order in which they began, also those that have not ended.
    [[nodiscard]] std::vector<TappedConnection> tapped() const;

    // In how many connections the client sent `octets` as they are: in clear.
    [[nodiscard]] std::size_t seen_from_client(std::string_view octets) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// nullptr: none has this name.
[[nodiscard]] const OnPathAttack* find_on_path_attack(std::string_view name);

}  // namespace hermetic::lab
