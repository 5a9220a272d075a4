// One order at an ACME server: uacme (docs/adr/0016-uacme.md) as a child, its challenges answered
// meanwhile.
#pragma once

#include "acme/challenges.h"
#include "core/ip.h"
#include "core/result.h"
#include "net/task.h"

#include <string>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::acme {

struct Order {
    std::string program;    // uacme
    std::string hook;       // this program: hook.h
    std::string directory;  // the ACME server's, a URL
    std::string contact;    // empty: none
    std::vector<std::string> domains;
    Challenge challenge = Challenge::Http01;
    std::vector<Endpoint> at;  // where challenges are answered
    std::string state;         // a folder: account, keys and certificates, the order's log
};

struct Issued {
    std::string chain_file;
    std::string key_file;
};

// Minutes, at most; the error is for people: what uacme said last.
[[nodiscard]] net::Task<Result<Issued, std::string>> place_order(net::Core& core, Order order);

}  // namespace hermetic::acme
