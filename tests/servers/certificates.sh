# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Part of run.sh: the certificates, made on the spot.

# certificate NAME DAYS SUBJECT SUBJECT-ALTERNATIVE-NAMES: NAME.crt and NAME.key, signed by the CA.
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$3" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$2" -out "$1.crt" \
        -extfile <(printf 'subjectAltName=%s\n' "$4") 2>/dev/null
    rm "$1.csr"
}

# self_signed NAME SUBJECT EXTENSION: NAME.crt and NAME.key, signed by itself.
self_signed() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout "$1.key" -out "$1.crt" \
        -subj "/CN=$2" -addext "$3" 2>/dev/null
}

make_certificates() {
    mkdir "$folder/tls"
    (
        cd "$folder/tls"
        self_signed ca "actrec test CA" "keyUsage=keyCertSign"
        self_signed other_ca "another CA" "keyUsage=keyCertSign"
        self_signed self_signed localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
        certificate server 30 localhost "DNS:localhost,IP:127.0.0.1"
        certificate wrong_host 30 elsewhere.example "DNS:elsewhere.example"
        certificate expired 0 localhost "DNS:localhost,IP:127.0.0.1" # now; OpenSSL 3.5 refuses days gone by
        certificate client 30 "${user}_cert" "DNS:client.example"
        chmod 644 ./*.crt
        chmod 600 ./*.key
    )
}

# server_key NAME ACCOUNT: a copy of the key that only that account can read; prints its path.
server_key() {
    local copy=$folder/tls/$1.for_${2:-us}.key
    cp "$folder/tls/$1.key" "$copy"
    chmod 600 "$copy"
    own "$2" "$copy"
    echo "$copy"
}
