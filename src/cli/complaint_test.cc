#include "cli/complaint.h"

#include <gtest/gtest.h>

#include <functional>

namespace hermetic::cli {
namespace {

TEST(Complaint, SaysWhatItKnowsAndNothingElse)
{
    EXPECT_EQ(format_complaint_json({"no \"such\" thing"}), R"({"error":"no \"such\" thing"})");
    const Complaint whole{"bank: it is missing",
                          "a name",
                          "invalid",
                          {{"org.toml", 3, "bank", "it is missing", "a name"}}};
    EXPECT_EQ(format_complaint_json(whole),
              R"({"error":"bank: it is missing","expected":"a name","reason":"invalid",)"
              R"("diagnostics":[{"file":"org.toml","line":3,"key":"bank",)"
              R"("what":"it is missing","expected":"a name"}]})");
}

std::string said(Output form, const std::function<void()>& act)
{
    complain_in(form);
    testing::internal::CaptureStderr();
    act();
    complain_in(Output::Table);
    return testing::internal::GetCapturedStderr();
}

TEST(Complaint, IsOneObjectOrWords)
{
    const Complaint plain{"no such thing", "another"};
    EXPECT_EQ(said(Output::Table, [&] { complain(plain); }), "no such thing; expected: another\n");
    EXPECT_EQ(said(Output::Json, [&] { complain(plain); }),
              "{\"error\":\"no such thing\",\"expected\":\"another\"}\n");
    const config::Diagnostics two{{"f", 1, "a", "it is missing", "x"},
                                  {"f", 2, "b", "it is missing", "y"}};
    EXPECT_EQ(said(Output::Table, [&] { complain_of(two); }),
              "f:1: a: it is missing; expected: x\nf:2: b: it is missing; expected: y\n");
    EXPECT_EQ(said(Output::Json, [] { warn("wide"); }), "") << "the answer has it";
    EXPECT_EQ(said(Output::Table, [] { warn("wide"); }), "warning: wide\n");
    EXPECT_EQ(said(Output::Json, [] { remark("wide"); }), "");
    EXPECT_EQ(said(Output::Table, [] { remark("wide"); }), "wide\n");
}

}  // namespace
}  // namespace hermetic::cli
