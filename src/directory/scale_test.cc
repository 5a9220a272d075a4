// Loading and checking grows with the number of objects, not with its square: counted in
// comparisons of text, which every search makes, and not in seconds.
#include "directory/test_support.h"
#include "objects/snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

namespace {

std::atomic<std::size_t> comparisons = 0;

}  // namespace

// The C library's, for this program alone: strings, views and their searches end here.
extern "C" int memcmp(const void* left, const void* right, std::size_t count) noexcept
{
    comparisons.fetch_add(1, std::memory_order_relaxed);
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (std::size_t i = 0; i < count; ++i) {
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

namespace hermetic::directory {
namespace {

// Fifty accepted domains and ten connectors of each organization.
std::string document_of(int organizations)
{
    std::string text;
    for (int i = 0; i < organizations; ++i) {
        text += fmt::format(
            "[[organization]]\nname = \"Org {0}\"\npostmaster = \"postmaster@d{0}.example\"\n"
            "[[certificate]]\nname = \"own {0}\"\norganization = \"Org {0}\"\n"
            "chain = \"/c{0}.pem\"\nkey = \"/k{0}.pem\"\n",
            i);
        for (int k = 0; k < 50; ++k) {
            text += fmt::format(
                "[[accepted_domain]]\nname = \"{}d{}.o{}.example\"\norganization = \"Org {}\"\n",
                k % 10 == 9 ? "*." : "", k, i, i);
        }
        text += fmt::format(
            "[[outbound_connector]]\nname = \"inside {0}\"\norganization = \"Org {0}\"\n"
            "kind = \"on_premises\"\nall_accepted_domains = true\nsmart_hosts = "
            "[\"h{0}.example\"]\n",
            i);
        for (int k = 0; k < 4; ++k) {
            text += fmt::format(
                "[[outbound_connector]]\nname = \"out {1} of {0}\"\norganization = \"Org {0}\"\n"
                "recipient_domains = [\"p{1}.o{0}.test\", \"*.p{1}.o{0}.test\"]\n"
                "client_certificate = \"own {0}\"\n",
                i, k);
            text += fmt::format(
                "[[inbound_connector]]\nname = \"in {1} of {0}\"\norganization = \"Org {0}\"\n"
                "kind = \"on_premises\"\nnetworks = [\"10.{2}.{3}.{1}\"]\n"
                "certificate_names = [\"c{1}.o{0}.test\"]\n",
                i, k, i / 256, i % 256);
        }
    }
    return text;
}

std::size_t comparisons_of(int organizations)
{
    const std::string text = document_of(organizations);
    const std::size_t before = comparisons;
    const Compiled compiled = compile_text(text);
    const auto again = compile(compiled.objects);
    EXPECT_TRUE(again.has_value());
    const objects::Snapshot snapshot{compiled.contents};
    EXPECT_EQ(snapshot.contents().accepted_domains.size(),
              50U * static_cast<std::size_t>(organizations));
    return comparisons - before;
}

TEST(Scale, FourTimesTheObjectsTakeFourTimesTheComparisons)
{
    const std::size_t few = comparisons_of(10);
    const std::size_t many = comparisons_of(40);
    ASSERT_GT(few, 1000U) << "nothing is counted";
    // Ordered maps add a little; a square would make it 16.
    EXPECT_LT(static_cast<double>(many) / static_cast<double>(few), 6.0) << few << ", " << many;
}

// Many faults of the same kind are told up to a bound, and not looked for beyond.
TEST(Scale, ClaimsOfOneNetworkAreNotMultiplied)
{
    std::string text = "[organization]\nname = \"A\"\npostmaster = \"p@a.example\"\n";
    for (int i = 0; i < 3000; ++i) {
        text += fmt::format(
            "[[inbound_connector]]\nname = \"c{}\"\nkind = \"on_premises\"\n"
            "networks = [\"192.0.2.0/24\"]\n",
            i);
    }
    const auto document = config::parse_document(text, "org.toml");
    ASSERT_TRUE(document.has_value());
    const auto compiled = compile(*document, "org.toml");
    ASSERT_FALSE(compiled.has_value());
    EXPECT_EQ(compiled.error().size(), config::kMaxFaults);
}

// What is kept makes the same objects again, whatever stands in the file and in which order.
TEST(Scale, ARestartMakesTheSame)
{
    const Compiled compiled = compile_text(document_of(1) + R"(
[[outbound_connector]]
name = "a weaker one"
organization = "Org 0"
recipient_domains = ["w.test"]
tls = "verify_name"
exception = { tls = "encrypt", valid_until = "2026-12-31T00:00:00Z", reason = "x = { y }", min_tls = "1.0" }
)");
    const auto again = compile(compiled.objects);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->objects, compiled.objects);
    EXPECT_EQ(again->contents, compiled.contents);
    for (const auto& [key, text] : compiled.objects)
        EXPECT_EQ(format_object(key.kind, fields_of(text)), text);
}

}  // namespace
}  // namespace hermetic::directory
