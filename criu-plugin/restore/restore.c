// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsysgenid.h>

#include <cleanup.h>
#include <reseed.h>

#include "binding.h"
#include "counterfile-find.h"
#include "counterfile-own.h"
#include "counterfile-raise.h"
#include "criu_abi.h"
#include "droppable.h"
#include "hold.h"
#include "image-file.h"
#include "log.h"
#include "module.h"
#include "pidns.h"
#include "policy.h"
#include "raise.h"
#include "refuse.h"
#include "restore-files.h"
#include "restore.h"
#include "wipe.h"

static struct {
	struct sysgenid_config config;
	SysgenidImage *image; /* NULL: there is none */
	struct sysgenid_device device;
	bool reseeded; /* the kernel's generator has been reseeded for this restore */
	bool holds;    /* tasks end with criu */
} restore;

/*
 * Does criu's inventory name this plugin? If the inventory has no list of plugins, criu answers yes
 * to any name, so a name that cannot exist is asked for first. If it has a list, each yes takes one
 * entry off the list, and all entries of this plugin must go.
 */
static bool is_listed(void)
{
	static const char nobody[] = "/";
	size_t size = sizeof(SYSGENID_PLUGIN_NAME);
	bool listed = false;

	if (!check_and_remove_inventory_plugin ||
	    check_and_remove_inventory_plugin(nobody, sizeof(nobody)))
		return false;
	while (check_and_remove_inventory_plugin(SYSGENID_PLUGIN_NAME, size))
		listed = true;
	return listed;
}

/*
 * Do the restored tasks move a counter that is not the system's? In a new PID namespace the tasks
 * have no other counter. In a shared PID namespace one task with the device is enough: that task
 * moves the counter that all see.
 */
static bool has_own_counter(const SysgenidImage *image)
{
	if (image->system_wide)
		return false;
	return image->own_pid_namespace ||
	       (image->other_pid_namespace && (image->n_files || image->n_mappings));
}

static void gather_facts(struct sysgenid_facts *facts)
{
	struct sysgenid_image_error wrong = { "" };
	int directory = criu_get_image_dir ? criu_get_image_dir() : -1;
	const SysgenidImage *image;
	int error;

	*facts = (struct sysgenid_facts){
		.listed = is_listed(),
		.strict = restore.config.strict,
		.follow_any_mark = restore.config.follow_any_mark,
		.inside = sysgenid_pidns_is_inside(),
	};
	error = sysgenid_image_read(directory, &restore.image, &wrong);
	if (error == -ENOENT) {
		facts->image = SYSGENID_IMAGE_MISSING;
		return;
	}
	if (error) {
		sysgenid_err("cannot use " SYSGENID_IMAGE_NAME ": %s", wrong.text);
		facts->image = SYSGENID_IMAGE_BAD;
		return;
	}
	if (!sysgenid_binding_matches(restore.image, directory)) {
		sysgenid_image_free(restore.image);
		restore.image = NULL;
		facts->image = SYSGENID_IMAGE_FOREIGN;
		return;
	}
	facts->image = SYSGENID_IMAGE_GOOD;
	image = restore.image;
	facts->required = image->counter_required;
	facts->mark_known = image->has_mark;
	facts->mark = image->mark;
	facts->system_mark_known = image->has_system_mark;
	facts->system_mark = image->system_mark;
	facts->own_counter = has_own_counter(image);
	facts->system_wide = image->system_wide;
	facts->in_file = image->n_file_tasks > 0;
	facts->file_mark_is_last = image->file_mark == UINT32_MAX;
}

/*
 * Moves the generation of criu's own PID namespace: all processes that this restore concerns are in
 * that namespace or below it. The reseed is for processes that open the device later, in a new
 * namespace. -EPERM of the reseed is ignored, since criu in a container may have no right to it.
 */
static int move_inside(const struct sysgenid_plan *plan, unsigned int flags,
		       struct sysgenid_reason *why)
{
	cleanup_close int here = sysgenid_pidns_open(0);
	uint32_t generation;
	int error;

	if (here < 0)
		return here;
	error = sysgenid_module_reseed(plan->min, flags, &restore.device, why);
	/*
	 * -ERANGE is about the system's counter. The counter that the trigger moves follows any
	 * mark.
	 */
	if (error == -ERANGE && !plan->reseed_only)
		error = sysgenid_module_reseed(0, flags, &restore.device, why);
	if (error ? error != -EPERM : plan->reseed_only)
		return error;
	error = sysgenid_module_trigger(here, plan->inside_min, flags, &restore.device, &generation,
					why);
	if (!error)
		sysgenid_info("generation %u in criu's own PID namespace for this restore; the "
			      "system's generation stays",
			      generation);
	return error;
}

static int move_generation(const struct sysgenid_plan *plan, struct sysgenid_reason *why)
{
	unsigned int flags = SYSGENID_TRIGGER_RESTORE;
	uint32_t generation;
	int error;

	if (plan->force)
		flags |= SYSGENID_TRIGGER_FORCE;
	if (plan->inside)
		return move_inside(plan, flags, why);
	if (plan->reseed_only)
		return sysgenid_module_reseed(plan->min, flags, &restore.device, why);
	error = sysgenid_module_trigger(-1, plan->min, flags, &restore.device, &generation, why);
	if (!error)
		sysgenid_info("generation %u for this restore", generation);
	return error;
}

/* Logs the judgement and does what the verdict says. Returns whether the restore goes on. */
static bool carry_out(const struct sysgenid_judgement *judgement)
{
	bool refuse = judgement->verdict == SYSGENID_REFUSE;
	int error;

	if (judgement->text[0])
		sysgenid_log(refuse ? SYSGENID_LOG_ERROR : SYSGENID_LOG_WARN, "%s",
			     judgement->text);
	if (refuse)
		return false;
	restore.reseeded = true;
	if (judgement->verdict == SYSGENID_GO)
		return true;
	error = sysgenid_reseed_kernel();
	restore.reseeded = !error;
	if (!error)
		return true;
	refuse = judgement->verdict == SYSGENID_GO_IF_RESEEDED;
	sysgenid_log(refuse ? SYSGENID_LOG_ERROR : SYSGENID_LOG_WARN,
		     "cannot reseed the kernel's random number generator either: %s. Processes "
		     "restored twice from this image may draw the same numbers; CAP_SYS_ADMIN and "
		     "access to /dev/urandom are needed",
		     strerror(-error));
	return !refuse;
}

/*
 * Returns false, after logging, if the file says or may say strict = yes and cannot be used in
 * full: a mistake in the file must not make restores less strict.
 */
static bool switches_are_good(void)
{
	if (restore.config.unusable)
		sysgenid_err(SYSGENID_CONF " cannot be used and may say strict = yes: see the "
					   "warning above, and mend that or remove the file");
	else if (restore.config.strict && restore.config.faulty)
		sysgenid_err(SYSGENID_CONF " has strict = yes and mistakes: correct the mistakes, "
					   "which the warnings above name");
	else
		return true;
	return false;
}

static void attempt(const struct sysgenid_facts *facts, struct sysgenid_judgement *judgement)
{
	struct sysgenid_reason why = { "" };
	struct sysgenid_plan plan;
	int error;

	sysgenid_policy_plan(facts, &plan);
	*judgement = plan.judgement;
	if (judgement->verdict == SYSGENID_REFUSE)
		return;
	if (judgement->text[0])
		sysgenid_warn("%s", judgement->text);
	error = move_generation(&plan, &why);
	if (error == -EPERM && sysgenid_policy_narrow(facts, &plan))
		error = move_generation(&plan, &why);
	if (error == -EOPNOTSUPP && plan.reseed_only) {
		/* The module is an old one, which has the system's counter only. */
		struct sysgenid_facts shared = *facts;

		shared.own_counter = false;
		attempt(&shared, judgement);
		return;
	}
	sysgenid_policy_judge(facts, &plan, error, why.text, judgement);
	if (judgement->verdict != SYSGENID_GO_UNMARKED)
		return;
	if (judgement->text[0])
		sysgenid_warn("%s", judgement->text);
	plan.min = 0;
	error = move_generation(&plan, &why);
	sysgenid_policy_judge(facts, &plan, error, why.text, judgement);
}

void sysgenid_restore_leave(void)
{
	sysgenid_module_close();
	sysgenid_own_close();
	sysgenid_counterfiles_forget();
	if (restore.image)
		sysgenid_image_free(restore.image);
	restore.image = NULL;
}

/* Only tasks that use the counter raise it, and the image requires the counter then. */
static int prepare_tasks(void)
{
	if (!restore.image || !restore.image->counter_required)
		return 0;
	return sysgenid_raise_prepare(restore.config.follow_any_mark);
}

int sysgenid_restore_init(const struct sysgenid_config *config)
{
	struct sysgenid_judgement judgement = { .verdict = SYSGENID_REFUSE };
	struct sysgenid_facts facts;

	memset(&restore, 0, sizeof(restore));
	restore.config = *config;
	sysgenid_refuse_reset();
	gather_facts(&facts);
	if (switches_are_good() && !sysgenid_counterfiles_prepare())
		attempt(&facts, &judgement);
	if (restore.image && restore.image->hypervisors_clock)
		sysgenid_device_find_clocks(&restore.device);
	/* Closed before the restored tasks are forked from this process. */
	sysgenid_module_close();
	if (carry_out(&judgement) && !prepare_tasks())
		return 0;
	sysgenid_restore_leave();
	return -1;
}

/*
 * Runs in the task that is being restored: in the task's namespaces, with the task's copy of criu's
 * memory.
 */
int sysgenid_restore_ext_file(int id)
{
	const SysgenidFile *file;
	int fd;

	if (!restore.image)
		return -ENOTSUP;
	file = sysgenid_image_find_file(restore.image, (uint32_t)id);
	if (!file)
		return -ENOTSUP;
	fd = sysgenid_file_restore(file, restore.image, &restore.device);
	/* Not -ENOTSUP, which would make criu ask the next plugin. */
	return fd < 0 ? -EIO : fd;
}

/*
 * Runs in the task that is being restored, for each mapping of a device. On failure the task ends
 * itself, which makes criu give the restore up: criu ignores an error of this hook and would map
 * whatever the path leads to. For a mapping of the counter the result is 0, so that criu asks no
 * other plugin: another plugin could have something else mapped.
 */
int sysgenid_restore_update_vma(const char *path, uint64_t address, uint64_t old_offset,
				uint64_t *new_offset, int *fd)
{
	int ours = 0;

	(void)address;
	(void)old_offset;
	(void)new_offset;
	/* Without the module no path can be the counter. */
	if (restore.device.state != SYSGENID_DEVICE_ABSENT)
		ours = sysgenid_mapping_check(path, restore.image, &restore.device, fd);
	if (ours < 0)
		_exit(1);
	return ours ? 0 : -ENOTSUP;
}

static void wipe(pid_t pid)
{
	const char *wrong = sysgenid_wipe_restore(pid, restore.image);

	if (!wrong)
		return;
	sysgenid_refuse(
		pid,
		"cannot clear the wipe-on-fork memory of task %d, as " SYSGENID_CONF
		" asks with wipe-on-fork = yes: %s. The restored tasks are killed, since two "
		"clones might draw the same numbers",
		pid, wrong);
}

static unsigned int how_to_raise(void)
{
	return (restore.reseeded ? SYSGENID_RAISE_RESEEDED : 0) |
	       (restore.config.follow_any_mark ? SYSGENID_RAISE_ANY_MARK : 0);
}

/*
 * What this hook waits for may end criu: an engine's time limit, say. At the first task all tasks
 * are held, and each later one again when its turn comes, since it may be nobody's descendant. A
 * task that is on a new generation is released: then it may run, whatever becomes of criu.
 */
static void hold(pid_t pid)
{
	int error = sysgenid_hold_tasks(pid, !restore.holds);

	restore.holds = true;
	if (error)
		sysgenid_refuse(pid, "cannot have task %d end with criu: %s", pid,
				strerror(-error));
}

/*
 * criu calls this hook once for each task, with all tasks stopped. criu 3.17.1 calls the hook also
 * for tasks that are dead in the image, some of which have no PID. Tasks that must not run are
 * killed, since criu before 4.3 ignores the result of this hook.
 */
int sysgenid_restore_resume_late(int pid)
{
	if (pid <= 0 || sysgenid_is_refused())
		return -ENOTSUP;
	hold(pid);
	if (sysgenid_is_refused() || (restore.image && sysgenid_raise_check(pid, restore.image)))
		return -ENOTSUP;
	if (restore.image)
		sysgenid_droppable_restore(pid, restore.image);
	if (restore.image && restore.config.wipe_on_fork)
		wipe(pid);
	if (!sysgenid_is_refused() &&
	    sysgenid_counterfiles_raise(pid, restore.image, how_to_raise(), restore.config.strict))
		sysgenid_err("the restored tasks are killed, since one would run on an old "
			     "generation");
	if (!sysgenid_is_refused())
		sysgenid_release_task(pid);
	return -ENOTSUP;
}
