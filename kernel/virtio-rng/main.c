// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-rng, instead of the kernel's own driver: random bytes from the host and, with devices that
 * report entropy leaks, the system generation counter.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "compat.h"
#include "sysfs.h"
#include "vrng.h"

static DEFINE_IDA(vrng_indices);

static void vrng_input_done(struct virtqueue *vq)
{
	struct vrng *vrng = vq->vdev->priv;

	vrng_requests_done(&vrng->requests, vq);
}

static void vrng_leaked(struct virtqueue *vq)
{
	struct vrng *vrng = vq->vdev->priv;

	vrng_leak_done(&vrng->leak);
}

/* Queues, device ready, and all that uses them. */
static int vrng_start(struct vrng *vrng)
{
	struct virtqueue_info queues[1 + VRNG_LEAK_QUEUES] = {
		{ "input", vrng_input_done },
		{ "leak0", vrng_leaked },
		{ "leak1", vrng_leaked },
	};
	struct virtio_device *vdev = vrng->vdev;
	struct virtqueue *vqs[ARRAY_SIZE(queues)];
	bool leaks = virtio_has_feature(vdev, VIRTIO_RNG_F_LEAK);
	int ret = sysgenid_find_vqs(vdev, leaks ? ARRAY_SIZE(queues) : 1, vqs, queues);

	/*
	 * The specification has not assigned the feature: a device may mean something else. Modern
	 * PCI says -EINVAL of a queue that is not there, all others -ENOENT.
	 */
	if ((ret == -ENOENT || ret == -EINVAL) && leaks) {
		dev_warn(&vdev->dev, "no leak queues, although the device says that it has them: "
				     "leaks are not noticed\n");
		leaks = false;
		ret = sysgenid_find_vqs(vdev, 1, vqs, queues);
	}
	if (ret)
		return ret;
	if (leaks)
		vrng_leak_prepare(&vrng->leak, vdev, vqs + 1);
	virtio_device_ready(vdev);
	vrng_requests_start(&vrng->requests, vqs[0]);
	vrng_leak_start(&vrng->leak);
	return 0;
}

/* The device has given up: a leak may have been lost, and more will be; no bytes will come. */
static void vrng_check_status(struct work_struct *work)
{
	struct vrng *vrng = container_of(work, struct vrng, status_work);
	struct virtio_device *vdev = vrng->vdev;

	if (!(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_NEEDS_RESET))
		return;
	dev_err(&vdev->dev, "the device needs a reset; unbind and bind the driver\n");
	vrng_leak_lost(&vrng->leak);
	vrng_requests_end(&vrng->requests);
}

static void vrng_stop(struct vrng *vrng)
{
	struct virtio_device *vdev = vrng->vdev;
	struct virtqueue *vq;

	/* Nobody queues it: the virtio core has disabled changes of the configuration. */
	cancel_work_sync(&vrng->status_work);
	vrng_leak_quiesce(&vrng->leak);
	/* In a suspend the hwrng stays: its readers must add nothing to a queue that is emptied. */
	vrng_requests_stop(&vrng->requests);
	/* Also waits for callbacks that run. */
	virtio_reset_device(vdev);
	/* Gives back descriptors and mappings; the parts below know what the requests were. */
	virtio_device_for_each_vq(vdev, vq) {
		while (virtqueue_detach_unused_buf(vq))
			;
	}
	vrng_leak_stop(&vrng->leak);
	vdev->config->del_vqs(vdev);
}

/* Waits for the last user of the kobject: after the last device the module may go. */
static void vrng_free(struct vrng *vrng)
{
	kobject_put(&vrng->kobj);
	wait_for_completion(&vrng->released);
	vrng_leak_free(&vrng->leak);
	vrng_requests_free(&vrng->requests);
	ida_free(&vrng_indices, vrng->index);
	kfree(vrng);
}

static struct vrng *vrng_alloc(struct virtio_device *vdev)
{
	struct vrng *vrng = kzalloc(sizeof(*vrng), GFP_KERNEL);

	if (!vrng)
		return NULL;
	vrng->vdev = vdev;
	INIT_WORK(&vrng->status_work, vrng_check_status);
	vrng->index = ida_alloc(&vrng_indices, GFP_KERNEL);
	if (vrng->index < 0)
		goto err_vrng;
	snprintf(vrng->name, sizeof(vrng->name), "virtio_rng.%d", vrng->index);
	if (vrng_requests_init(&vrng->requests, vrng->name))
		goto err_index;
	if (vrng_leak_init(&vrng->leak))
		goto err_requests;
	return vrng;

err_requests:
	vrng_requests_free(&vrng->requests);
err_index:
	ida_free(&vrng_indices, vrng->index);
err_vrng:
	kfree(vrng);
	return NULL;
}

static int vrng_probe(struct virtio_device *vdev)
{
	struct vrng *vrng = vrng_alloc(vdev);
	int ret;

	if (!vrng)
		return -ENOMEM;
	vdev->priv = vrng;
	ret = vrng_sysfs_add(vrng);
	if (ret)
		goto err_free;
	ret = vrng_start(vrng);
	if (ret)
		goto err_sysfs;
	ret = hwrng_register(&vrng->requests.hwrng);
	if (ret)
		goto err_stop;
	return 0;

err_stop:
	vrng_stop(vrng);
err_sysfs:
	vrng_sysfs_remove(vrng);
err_free:
	vrng_free(vrng);
	return ret;
}

static void vrng_remove(struct virtio_device *vdev)
{
	struct vrng *vrng = vdev->priv;

	/* First: unregistering waits for readers, and they may wait for a device that is gone. */
	vrng_requests_end(&vrng->requests);
	hwrng_unregister(&vrng->requests.hwrng);
	vrng_sysfs_remove(vrng);
	vrng_stop(vrng);
	vrng_free(vrng);
}

/* Called in interrupts. The status may be read in process context only: some transports sleep. */
static void vrng_config_changed(struct virtio_device *vdev)
{
	struct vrng *vrng = vdev->priv;

	schedule_work(&vrng->status_work);
}

#ifdef CONFIG_PM_SLEEP
/* Suspend resets the device. The hwrng stays registered, its readers wait. */
static int vrng_freeze(struct virtio_device *vdev)
{
	vrng_stop(vdev->priv);
	return 0;
}

static int vrng_restore(struct virtio_device *vdev)
{
	struct vrng *vrng = vdev->priv;
	int ret = vrng_start(vrng);

	/* Nobody starts it again. */
	if (ret)
		vrng_requests_end(&vrng->requests);
	return ret;
}
#endif

/* The latch changes what the leak queues do: it means nothing without them. */
static int vrng_validate(struct virtio_device *vdev)
{
	if (!virtio_has_feature(vdev, VIRTIO_RNG_F_LEAK))
		__virtio_clear_bit(vdev, VIRTIO_RNG_F_LEAK_LATCH);
	return 0;
}

static const struct virtio_device_id vrng_ids[] = {
	{ VIRTIO_ID_RNG, VIRTIO_DEV_ANY_ID },
	{},
};
MODULE_DEVICE_TABLE(virtio, vrng_ids);

static const unsigned int vrng_features[] = {
	VIRTIO_RNG_F_LEAK,
	VIRTIO_RNG_F_LEAK_LATCH,
};

static struct virtio_driver vrng_driver = {
	.driver.name = KBUILD_MODNAME,
	.driver.owner = THIS_MODULE,
	.id_table = vrng_ids,
	.feature_table = vrng_features,
	.feature_table_size = ARRAY_SIZE(vrng_features),
	.validate = vrng_validate,
	.probe = vrng_probe,
	.remove = vrng_remove,
	.config_changed = vrng_config_changed,
#ifdef CONFIG_PM_SLEEP
	.freeze = vrng_freeze,
	.restore = vrng_restore,
#endif
};

static int __init vrng_init(void)
{
	int ret = vrng_sysfs_init();

	if (ret)
		return ret;
	ret = register_virtio_driver(&vrng_driver);
	if (ret)
		vrng_sysfs_exit();
	return ret;
}

static void __exit vrng_exit(void)
{
	unregister_virtio_driver(&vrng_driver);
	vrng_sysfs_exit();
}

module_init(vrng_init);
module_exit(vrng_exit);

MODULE_DESCRIPTION("virtio-rng with entropy leak reporting, for the system generation counter");
MODULE_AUTHOR("The sysgenid authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(SYSGENID_VERSION);
