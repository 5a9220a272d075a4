#include "mail/registrable_domain.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

TEST(RegistrableDomain, IsTheLabelBelowThePublicSuffix)
{
    struct Row {
        const char* name;
        const char* registrable;  // empty: none
    };
    constexpr Row kRows[] = {
        {"mx1.mail.example.net", "example.net"},
        {"example.net", "example.net"},
        {"mx.one.co.uk", "one.co.uk"},
        {"co.uk", ""},
        {"www.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"},
        {"mx.example1.test", "example1.test"},  // a top-level domain that the list does not know
        {"test", ""},
        {"localhost", ""},
        {"192.0.2.1", ""},
    };
    for (const Row& row : kRows) {
        const auto found = registrable_domain(*Domain::parse(row.name));
        EXPECT_EQ(found ? found->text() : std::string{}, row.registrable) << row.name;
    }
}

}  // namespace
}  // namespace hermetic::mail
