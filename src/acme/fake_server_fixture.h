// An ACME server in memory: accounts, one order, its challenges and its certificate. It takes every
// proof and checks no signature; Pebble does (tests/interop/acme_test.py). For tests only.
#pragma once

#include "acme/transport.h"

#include <boost/json.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace hermetic::acme {

class FakeServer final : public Transport {
public:
    net::Task<Result<HttpAnswer, Trouble>> exchange(HttpRequest request, Instant deadline) override;

    // Of each authorization.
    std::vector<std::string> offers{"dns-persist-01", "tls-alpn-01", "http-01", "dns-01"};
    std::function<std::string()> issue;          // the chain
    std::function<void()> on_challenge = [] {};  // a proof is to be looked at
    bool is_gone = false;
    // Takes only accounts that are bound to a customer; whether its directory says so.
    bool binds_accounts = false;
    bool says_that_it_binds = true;
    bool refuses_a_nonce = false;     // the next one
    bool closes_known_keys = false;   // keys that it has seen so far are of closed accounts
    HttpAnswer refuses_orders{};      // where its status is not 0
    HttpAnswer refuses_accounts{};    // new ones, the same
    std::set<std::string> accounts;   // by URL
    std::vector<std::string> called;  // paths and payloads of what was posted: "/new-order {…}"

private:
    HttpAnswer answer(const HttpRequest& request);
    HttpAnswer post(const std::string& path, const boost::json::object& header,
                    const std::string& payload);
    HttpAnswer new_account(const boost::json::object& header, const std::string& payload);
    std::map<std::string, std::string> keys_;  // account's URL by key
    std::set<std::string> closed_;             // keys
    std::string status_ = "pending";           // of the authorization
    std::string order_ = "pending";
    std::string domain_ = "mx.test";
};

}  // namespace hermetic::acme
