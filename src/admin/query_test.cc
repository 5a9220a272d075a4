#include "admin/query.h"

#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

objects::Snapshot two_organizations()
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(2);
    contents.organizations[0].name = "Example";
    contents.organizations[1].name = "Other";
    return objects::Snapshot{contents};
}

// The words of the refusal; empty: there is none.
std::string refusal_of(const std::string& method, const std::string& target)
{
    Request request;
    request.method = method;
    EXPECT_TRUE(parse_target(target, request));
    const auto refused = refuse_query(request, two_organizations());
    if (!refused) return {};
    EXPECT_EQ(refused->status, 400);
    return refused->body;
}

struct Row {
    const char* method;
    const char* target;
    const char* refusal;  // part of it; empty: none
};

// clang-format off
const Row kRows[] = {
    {"GET",    "/v1/status",                                   ""},
    {"GET",    "/v1/status?verbose=yes",                       R"("there is no parameter \"verbose\" here","expected":"none")"},
    {"GET",    "/metrics?format=json",                         "no parameter"},
    {"GET",    "/v1/queue?state=held&limit=3&sender=%3C%3E",   ""},
    {"GET",    "/v1/queue?state=frozen",                       R"("\"frozen\" is not a value of state","expected":"waiting, deferred, under-way, held")"},
    {"GET",    "/v1/queue?limit=many",                         R"("expected":"a whole number")"},
    {"GET",    "/v1/queue?limit=-1",                           "not a value of limit"},
    {"GET",    "/v1/queue?stat=held",                          R"("expected":"destination, sender, recipient, reason, older_than, as_of, state, limit, cursor")"},
    {"POST",   "/v1/queue/retry?all=yes",                      ""},
    {"POST",   "/v1/queue/retry?all=true",                     R"("expected":"yes, no")"},
    {"POST",   "/v1/queue/ID/hold?reason=x",                   "no parameter"},
    {"POST",   "/v1/queue/ID/approve?reason=x",                ""},
    {"GET",    "/v1/objects?kind=connector",                   R"("expected":"organization, accepted_domain, inbound_connector, outbound_connector, certificate, retirement")"},
    {"GET",    "/v1/objects?kind=certificate&organization=Other", ""},
    {"GET",    "/v1/objects?organization=Typo",                R"("there is no organization \"Typo\"","expected":"\"Example\", \"Other\"")"},
    {"DELETE", "/v1/objects/certificate/x?version=1&organization=Typo", "no organization"},
    {"GET",    "/v1/objects/certificate/x/history?organization=Gone", ""},
    {"PUT",    "/v1/objects?revision=1&dryrun=yes",            R"("expected":"revision, file, dry-run, prune")"},
    {"POST",   "/v1/changes/1/rollback?revision=2&prune=yes",  ""},
    {"POST",   "/v1/connectors/x/test?direction=both",         R"("expected":"inbound, outbound")"},
    {"GET",    "/v1/nothing?a=b",                              ""},  // 404 says more
};
// clang-format on

TEST(Query, AResourceHasItsMethods)
{
    EXPECT_EQ(methods_of({"v1", "status"}), "GET");
    EXPECT_EQ(methods_of({"v1", "hosts"}), "GET, DELETE");
    EXPECT_EQ(methods_of({"v1", "ratchet", "accept"}), "POST");
    EXPECT_EQ(methods_of({"v1", "nothing"}), "");
}

TEST(Query, WhatIsNotKnownIsRefusedWithWhatIs)
{
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::string{row.method} + " " + row.target);
        const std::string refusal = refusal_of(row.method, row.target);
        if (*row.refusal == '\0') {
            EXPECT_EQ(refusal, "");
        } else {
            EXPECT_NE(refusal.find(row.refusal), std::string::npos) << refusal;
        }
    }
}

}  // namespace
}  // namespace hermetic::admin
