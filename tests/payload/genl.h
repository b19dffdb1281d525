/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As little generic netlink as the tests need, byte by byte, so that they can send what a
 * library would not.
 */
#ifndef GENL_H
#define GENL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sysgenid.h>

struct genl {
	int fd;
	uint16_t family;
	uint32_t group;	  /* of the system's events */
	uint32_t domains; /* of the events of one domain */
	uint32_t domains_settled;
	uint32_t domains_incarnations;
	uint32_t sequence;
	bool connected; /* send with write(), to the kernel as the address of the socket */
};

/* Attributes of a message; those that are there have their bit in has. */
struct genl_values {
	unsigned int has;
	uint32_t value[SYSGENID_A_MAX + 1];
};

struct genl_reply {
	int error;	/* 0 or an error number */
	char text[256]; /* the extended ack's */
	uint8_t command;
	struct genl_values values;
};

#define HAS(attribute) (1u << (attribute))

/* All return 0 or -errno. */
int genl_open(struct genl *genl);
void genl_close(struct genl *genl);
int genl_connect(struct genl *genl);
int genl_subscribe(struct genl *genl, int receive_buffer); /* to the system's */
int genl_subscribe_domains(struct genl *genl, int receive_buffer);
int genl_subscribe_domains_settled(struct genl *genl, int receive_buffer);
int genl_subscribe_domains_incarnations(struct genl *genl, int receive_buffer);
int genl_ask(struct genl *genl, uint8_t command, const struct genl_values *values,
	     struct genl_reply *reply);
/* With a number in the header's reserved field. */
int genl_ask_reserved(struct genl *genl, uint8_t command, uint16_t reserved,
		      struct genl_reply *reply);
/* Twice in one buffer. */
int genl_ask_twice(struct genl *genl, uint8_t command, const struct genl_values *values,
		   struct genl_reply replies[2]);
int genl_event(struct genl *genl, struct genl_reply *event,
	       int flags); /* the next, flags of recv() */

#endif /* GENL_H */
