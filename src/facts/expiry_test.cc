#include "facts/expiry.h"

#include <gtest/gtest.h>

namespace hermetic::facts {
namespace {

using std::chrono::hours;

constexpr WallTime kBegin{std::chrono::hours{24 * 20000}};

struct Row {
    int lifetime;  // days
    int left;      // days
    bool expiring;
};

// clang-format off
constexpr Row kRows[] = {
    {3650, 31, false}, {3650, 29, true},
    {90, 31, false},   {90, 29, true},
    {45, 16, false},   {45, 14, true},
    {6, 3, false},     {6, 1, true},
    {90, -1, true},
};
// clang-format on

TEST(Expiry, IsToldWhenAThirdIsLeftAndAtMostThirtyDaysAhead)
{
    for (const Row& row : kRows) {
        CertificateFacts certificate;
        certificate.not_before = kBegin;
        certificate.not_after = kBegin + hours{24 * row.lifetime};
        const WallTime now = certificate.not_after - hours{24 * row.left};
        EXPECT_EQ(is_expiring(certificate, now), row.expiring)
            << row.lifetime << " days, " << row.left << " left";
    }
}

}  // namespace
}  // namespace hermetic::facts
