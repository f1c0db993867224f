/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_MEMBERS_H
#define ACTREC_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/arguments.h>

AR_BEGIN_DECLS

typedef struct ar_model ar_model;

enum { AR_MEMBERS_AT_MOST = 32 };

/* Some members of a model, held inline, so that it may be kept in a variable. All zero: none. AR_MEMBERS(User, name,
 * email) makes it; a misspelt member does not compile. */
typedef struct ar_members {
    const ar_model *model;
    uint32_t count;
    uint32_t offsets[AR_MEMBERS_AT_MOST];
} ar_members;

/* Members by their offsets; more than AR_MEMBERS_AT_MOST are refused where they are used.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  where they are used. */
static inline AR_UNUSED ar_members ar_members_of(const ar_model *model, const size_t *offsets, size_t count)
{
    ar_members members;
    size_t i;
    memset(&members, 0, sizeof members);
    members.model = model;
    members.count = (uint32_t)count;
    for (i = 0; offsets != NULL && i < count && i < AR_MEMBERS_AT_MOST; i++)
        members.offsets[i] = (uint32_t)offsets[i];
    return members;
}

AR_END_DECLS

/* No members named, where that means all. */
#define AR_ALL_MEMBERS ar_members_of(NULL, NULL, 0)

/* 1 to 32 members of T. */
#define AR_MEMBERS(T, ...) \
    ar_members_of(&T##_model, AR_MEMBER_OFFSETS_(AR_COUNT_(__VA_ARGS__), T, __VA_ARGS__), AR_COUNT_(__VA_ARGS__))
#ifdef __cplusplus
template <size_t N> struct ar_member_offsets_ {
    size_t items[N];
};
#define AR_MEMBER_OFFSETS_(count, T, ...) (ar_member_offsets_<count>{ { AR_EACH_OF_(offsetof, T, __VA_ARGS__) } }.items)
#else
#define AR_MEMBER_OFFSETS_(count, T, ...) ((const size_t[]){ AR_EACH_OF_(offsetof, T, __VA_ARGS__) })
#endif

/* AR_EACH_OF_(F, T, a, b) → F(T, a), F(T, b) */
#define AR_EACH_OF_(F, T, ...)      AR_JOIN_(AR_EACH_OF_, AR_COUNT_(__VA_ARGS__))(F, T, __VA_ARGS__)
#define AR_EACH_OF_1(F, T, a)       F(T, a)
#define AR_EACH_OF_2(F, T, a, ...)  F(T, a), AR_EACH_OF_1(F, T, __VA_ARGS__)
#define AR_EACH_OF_3(F, T, a, ...)  F(T, a), AR_EACH_OF_2(F, T, __VA_ARGS__)
#define AR_EACH_OF_4(F, T, a, ...)  F(T, a), AR_EACH_OF_3(F, T, __VA_ARGS__)
#define AR_EACH_OF_5(F, T, a, ...)  F(T, a), AR_EACH_OF_4(F, T, __VA_ARGS__)
#define AR_EACH_OF_6(F, T, a, ...)  F(T, a), AR_EACH_OF_5(F, T, __VA_ARGS__)
#define AR_EACH_OF_7(F, T, a, ...)  F(T, a), AR_EACH_OF_6(F, T, __VA_ARGS__)
#define AR_EACH_OF_8(F, T, a, ...)  F(T, a), AR_EACH_OF_7(F, T, __VA_ARGS__)
#define AR_EACH_OF_9(F, T, a, ...)  F(T, a), AR_EACH_OF_8(F, T, __VA_ARGS__)
#define AR_EACH_OF_10(F, T, a, ...) F(T, a), AR_EACH_OF_9(F, T, __VA_ARGS__)
#define AR_EACH_OF_11(F, T, a, ...) F(T, a), AR_EACH_OF_10(F, T, __VA_ARGS__)
#define AR_EACH_OF_12(F, T, a, ...) F(T, a), AR_EACH_OF_11(F, T, __VA_ARGS__)
#define AR_EACH_OF_13(F, T, a, ...) F(T, a), AR_EACH_OF_12(F, T, __VA_ARGS__)
#define AR_EACH_OF_14(F, T, a, ...) F(T, a), AR_EACH_OF_13(F, T, __VA_ARGS__)
#define AR_EACH_OF_15(F, T, a, ...) F(T, a), AR_EACH_OF_14(F, T, __VA_ARGS__)
#define AR_EACH_OF_16(F, T, a, ...) F(T, a), AR_EACH_OF_15(F, T, __VA_ARGS__)
#define AR_EACH_OF_17(F, T, a, ...) F(T, a), AR_EACH_OF_16(F, T, __VA_ARGS__)
#define AR_EACH_OF_18(F, T, a, ...) F(T, a), AR_EACH_OF_17(F, T, __VA_ARGS__)
#define AR_EACH_OF_19(F, T, a, ...) F(T, a), AR_EACH_OF_18(F, T, __VA_ARGS__)
#define AR_EACH_OF_20(F, T, a, ...) F(T, a), AR_EACH_OF_19(F, T, __VA_ARGS__)
#define AR_EACH_OF_21(F, T, a, ...) F(T, a), AR_EACH_OF_20(F, T, __VA_ARGS__)
#define AR_EACH_OF_22(F, T, a, ...) F(T, a), AR_EACH_OF_21(F, T, __VA_ARGS__)
#define AR_EACH_OF_23(F, T, a, ...) F(T, a), AR_EACH_OF_22(F, T, __VA_ARGS__)
#define AR_EACH_OF_24(F, T, a, ...) F(T, a), AR_EACH_OF_23(F, T, __VA_ARGS__)
#define AR_EACH_OF_25(F, T, a, ...) F(T, a), AR_EACH_OF_24(F, T, __VA_ARGS__)
#define AR_EACH_OF_26(F, T, a, ...) F(T, a), AR_EACH_OF_25(F, T, __VA_ARGS__)
#define AR_EACH_OF_27(F, T, a, ...) F(T, a), AR_EACH_OF_26(F, T, __VA_ARGS__)
#define AR_EACH_OF_28(F, T, a, ...) F(T, a), AR_EACH_OF_27(F, T, __VA_ARGS__)
#define AR_EACH_OF_29(F, T, a, ...) F(T, a), AR_EACH_OF_28(F, T, __VA_ARGS__)
#define AR_EACH_OF_30(F, T, a, ...) F(T, a), AR_EACH_OF_29(F, T, __VA_ARGS__)
#define AR_EACH_OF_31(F, T, a, ...) F(T, a), AR_EACH_OF_30(F, T, __VA_ARGS__)
#define AR_EACH_OF_32(F, T, a, ...) F(T, a), AR_EACH_OF_31(F, T, __VA_ARGS__)

#endif
