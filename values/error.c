/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <actrec/error.h>

/* Bytes of the sequence that `lead` opens; 1 for what opens none, so that text in another encoding is cut anywhere. */
static size_t sequence_length(unsigned char lead)
{
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    return lead >= 0xC2 && lead <= 0xDF ? 2 : 1;
}

/* Takes an unfinished last character off `text`, which was cut after `length` bytes. */
static void drop_split_character(char *text, size_t length)
{
    size_t back = 0;
    while (back < 3 && back + 1 < length && ((unsigned char)text[length - 1 - back] & 0xC0) == 0x80)
        back++;
    size_t lead = length - 1 - back;
    if (sequence_length((unsigned char)text[lead]) > back + 1)
        text[lead] = '\0';
}

ar_status ar_error_set(ar_error *err, ar_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    /* Formatted aside: the arguments may point into `err`, whose message is often wrapped in a longer one. */
    char message[sizeof err->message] = "";
    va_list arguments;
    va_start(arguments, format);
    int length = format != NULL ? vsnprintf(message, sizeof message, format, arguments) : 0;
    va_end(arguments);
    if (length < 0)
        message[0] = '\0';
    if (length >= (int)sizeof message)
        drop_split_character(message, sizeof message - 1);
    memset(err, 0, sizeof *err);
    err->status = status;
    memcpy(err->message, message, sizeof message);
    return status;
}

const char *ar_status_name(ar_status status)
{
    switch (status) {
    case AR_OK: return "AR_OK";
    case AR_E_NOT_FOUND: return "AR_E_NOT_FOUND";
    case AR_E_INVALID: return "AR_E_INVALID";
    case AR_E_CONSTRAINT: return "AR_E_CONSTRAINT";
    case AR_E_CONFLICT: return "AR_E_CONFLICT";
    case AR_E_STALE: return "AR_E_STALE";
    case AR_E_TIMEOUT: return "AR_E_TIMEOUT";
    case AR_E_CANCELLED: return "AR_E_CANCELLED";
    case AR_E_PENDING: return "AR_E_PENDING";
    case AR_E_BUSY: return "AR_E_BUSY";
    case AR_E_OVERLOAD: return "AR_E_OVERLOAD";
    case AR_E_CONNECTION: return "AR_E_CONNECTION";
    case AR_E_TX_ABORTED: return "AR_E_TX_ABORTED";
    case AR_E_UNSUPPORTED: return "AR_E_UNSUPPORTED";
    case AR_E_CLOSED: return "AR_E_CLOSED";
    case AR_E_DEADLOCK: return "AR_E_DEADLOCK";
    case AR_E_TYPE: return "AR_E_TYPE";
    case AR_E_QUERY: return "AR_E_QUERY";
    case AR_E_VETOED: return "AR_E_VETOED";
    case AR_E_NOT_LOADED: return "AR_E_NOT_LOADED";
    case AR_E_IO: return "AR_E_IO";
    case AR_E_DISK_FULL: return "AR_E_DISK_FULL";
    case AR_E_CORRUPT: return "AR_E_CORRUPT";
    case AR_E_READ_ONLY: return "AR_E_READ_ONLY";
    case AR_E_NO_MEMORY: return "AR_E_NO_MEMORY";
    case AR_E_FORKED: return "AR_E_FORKED";
    }
    return "AR_E_?";
}
