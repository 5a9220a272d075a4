#include "sasl/client_mechanism.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <gsasl.h>
#include <string>

namespace hermetic::sasl {
namespace {

// Where the password stays here first. SCRAM proves the server, too (RFC 7677).
constexpr std::string_view kScram = "SCRAM-SHA-256";
constexpr std::array<std::string_view, 3> kBestFirst = {kScram, "PLAIN", "LOGIN"};

// What SCRAM may cost: servers ask for 4096 to some ten thousand (RFC 7677 §4), and nothing else
// runs on the core meanwhile.
constexpr std::uint64_t kMaxIterations = 100'000;

// "r=…,s=…,i=4096" (RFC 5802 §5.1). Not a number that we can read: as if it were too many.
bool asks_too_much(std::string_view challenge)
{
    for (const auto attribute : split(challenge, ',')) {
        if (!attribute.starts_with("i=")) continue;
        const auto count = parse_decimal<std::uint64_t>(attribute.substr(2));
        if (!count || *count > kMaxIterations) return true;
    }
    return false;
}

template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
using Library = std::unique_ptr<Gsasl, FreeWith<gsasl_done>>;
using Session = std::unique_ptr<Gsasl_session, FreeWith<gsasl_finish>>;

class Mechanism final : public smtp::SaslMechanism {
public:
    Mechanism(Library library, Session session, std::string name,
              std::shared_ptr<const Login> login)
        : library_{std::move(library)},
          session_{std::move(session)},
          name_{std::move(name)},
          login_{std::move(login)}
    {
    }

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] bool speaks_first() const override { return name_ != "LOGIN"; }
    [[nodiscard]] bool is_satisfied() const override { return satisfied_; }

    [[nodiscard]] Result<std::string, smtp::SaslRefusal> respond(
        std::string_view challenge) override
    {
        using smtp::SaslRefusal;
        if (name_ == kScram && asks_too_much(challenge)) return failure(SaslRefusal::TooCostly);
        if (satisfied_ && challenge.empty()) return std::string{};
        char* octets = nullptr;
        std::size_t length = 0;
        const int result =
            gsasl_step(session_.get(), challenge.data(), challenge.size(), &octets, &length);
        const bool goes_on = result == GSASL_OK || result == GSASL_NEEDS_MORE;
        std::string response;
        if (octets != nullptr) {
            if (goes_on) response.assign(octets, length);
            ::explicit_bzero(octets, length);
            gsasl_free(octets);
        }
        satisfied_ = result == GSASL_OK;
        if (!goes_on) return failure(SaslRefusal::Wrong);
        return response;
    }

private:
    Library library_;  // of this exchange alone: libgsasl shares nothing between threads then
    Session session_;
    std::string name_;
    std::shared_ptr<const Login> login_;
    bool satisfied_ = false;
};

}  // namespace

std::vector<std::string_view> choose_mechanisms(std::string_view offered)
{
    const auto names = split(offered, ' ');
    std::vector<std::string_view> chosen;
    for (const auto ours : kBestFirst) {
        const bool there = std::any_of(names.begin(), names.end(),
                                       [&](const auto& name) { return iequals(name, ours); });
        if (there) chosen.push_back(ours);
    }
    return chosen;
}

std::unique_ptr<smtp::SaslMechanism> make_client_mechanism(std::string_view mechanism,
                                                           std::shared_ptr<const Login> login)
{
    Gsasl* library = nullptr;
    if (gsasl_init(&library) != GSASL_OK) return nullptr;
    Library owned{library};
    const std::string name{mechanism};
    Gsasl_session* session = nullptr;
    if (gsasl_client_start(library, name.c_str(), &session) != GSASL_OK) return nullptr;
    Session started{session};
    if (gsasl_property_set(session, GSASL_AUTHID, login->user().c_str()) != GSASL_OK ||
        gsasl_property_set(session, GSASL_PASSWORD, login->password().c_str()) != GSASL_OK)
        return nullptr;
    return std::make_unique<Mechanism>(std::move(owned), std::move(started), name,
                                       std::move(login));
}

}  // namespace hermetic::sasl
