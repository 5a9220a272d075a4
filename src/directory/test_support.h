// For this folder's tests: a folder that goes away, a clock that stands, and a small organization.
#pragma once

#include "core/time.h"
#include "directory/object_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hermetic::directory {

class TemporaryFolder {
public:
    TemporaryFolder()
    {
        std::string pattern = testing::TempDir() + "hermetic-directory.XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

class StandingClock : public Clock {
public:
    [[nodiscard]] Instant now() const override { return {}; }
    [[nodiscard]] WallTime wall() const override
    {
        return WallTime{std::chrono::milliseconds{1'795'285'475'123}};
    }
};

inline constexpr const char* kOrganization = R"(
[organization]
name = "Example"
postmaster = "postmaster@example.org"

[[accepted_domain]]
name = "example.org"
next_hop = "lmtp://192.0.2.1:24"

[[outbound_connector]]
name = "bank"
recipient_domains = ["bank.test"]
tls = "verify_name"
comment = "as agreed"
)";

inline Compiled compile_text(const std::string& text)
{
    const auto document = config::parse_document(text, "org.toml");
    EXPECT_TRUE(document.has_value());
    auto compiled = compile(*document, "org.toml");
    EXPECT_TRUE(compiled.has_value()) << config::format_diagnostic(
        compiled.has_value() ? config::Diagnostic{} : compiled.error().front());
    return *std::move(compiled);
}

}  // namespace hermetic::directory
